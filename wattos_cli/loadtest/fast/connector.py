"""The way to the target: connections, and who watches that none waits for ever."""

import asyncio
import re
import ssl
import time
from functools import partial
from urllib.parse import urlsplit

from wattos_cli.loadtest.driving.evidence import error_line
from wattos_cli.loadtest.fast.connection import Connection, NoAnswerError
from wattos_cli.loadtest.journey import PATIENCE, Patience

_LOOK_EVERY_S = 0.25
_PATH = re.compile(r"/[!-~]*")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Connector:
    """Opens connections to one target; `watch` must run beside."""

    def __init__(self, url: str, patience: Patience = PATIENCE) -> None:
        self._patience = patience
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._ssl = ssl.create_default_context() if secure else None
        self._prefix = parts.path.rstrip("/")
        self._authority = parts.netloc.rpartition("@")[2]
        self._open: set[Connection] = set()

    async def connect(self) -> Connection:
        """Return a new connection; NoAnswerError says why there is none."""
        loop, within_s = asyncio.get_running_loop(), self._patience.connect_s
        try:
            async with asyncio.timeout(within_s):
                _, connection = await loop.create_connection(
                    partial(Connection, self._patience), self._host, self._port, ssl=self._ssl
                )
        except TimeoutError:
            raise NoAnswerError(f"no connection within {within_s:g} s") from None
        except OSError as error:
            raise NoAnswerError(error_line(error)) from None
        self._open.add(connection)
        return connection

    async def watch(self) -> None:
        """Time out the exchanges whose time is over, for ever."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now_s = time.monotonic()
            for connection in list(self._open):
                if connection.deadline_s < now_s:
                    connection.time_out()
                if connection.gone:
                    self._open.discard(connection)

    def head(self, token: str) -> bytes:
        """Return the header fields of every request with this token."""
        fields = [f"host: {self._authority}", "user-agent: wattos-loadtest", "accept: */*"]
        if token:
            fields.append(f"authorization: Bearer {token}")
        return "\r\n".join([*fields, ""]).encode("latin-1")

    def request(self, method: str, path: str, head: bytes, body: bytes | None, content_type: str) -> bytes:
        """Return a whole request as bytes; ValueError for what cannot be asked."""
        if method not in _METHODS or not _PATH.fullmatch(path):
            raise ValueError(f"{method} {path!r} is no request that can be sent")
        line = f"{method} {self._prefix}{path} HTTP/1.1\r\n".encode()
        if body is None:
            tail = b"\r\n" if method in {"GET", "DELETE", "OPTIONS"} else b"content-length: 0\r\n\r\n"
            return line + head + tail
        kind = f"content-type: {content_type}\r\n" if content_type else ""
        return line + head + f"{kind}content-length: {len(body)}\r\n\r\n".encode() + body

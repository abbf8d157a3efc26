"""The kept connections to one service."""

import asyncio
import ssl
import time
from collections import deque
from urllib.parse import urlsplit

from wattos_platform.kernel.hops.wire import WireConnection

# Below the time after which the services themselves close an idle connection.
IDLE_S = 30.0
_PORTS = {"http": 80, "https": 443}


class RefusedError(Exception):
    """No connection could be made; nothing was sent."""


class WirePool:
    """Connections to one base URL, the last used first. The caller bounds how many are out at once."""

    def __init__(self, base_url: str, connect_s: float) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{base_url!r} is not a base URL; write http://host:port")
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._connect_s = connect_s
        self._idle: deque[WireConnection] = deque()
        self._all: set[WireConnection] = set()
        self._empty: asyncio.Event | None = None
        self._retired = False
        self.host_header = parts.netloc.rpartition("@")[2]
        self.prefix = parts.path.rstrip("/")

    def take_kept(self) -> WireConnection | None:
        """Return the connection that was used last and may still be used, None if there is none."""
        oldest = time.monotonic() - IDLE_S
        while self._idle:
            connection = self._idle.pop()
            if not connection.lost and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def take(self, left_s: float, *, fresh: bool = False) -> WireConnection:
        """Return a connection, kept or new (`fresh`: new in any case).

        RefusedError if none can be made, TimeoutError if that takes longer than the connect time-out.
        """
        if not fresh and (kept := self.take_kept()) is not None:
            return kept
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(min(self._connect_s, left_s)):
                _, connection = await loop.create_connection(
                    lambda: WireConnection(self._lost), self._host, self._port, ssl=self._tls
                )
        except TimeoutError:
            raise
        except OSError as error:
            raise RefusedError(error.strerror or str(error)) from error
        self._all.add(connection)
        return connection

    def give(self, connection: WireConnection) -> None:
        """Take back a connection whose exchange is over, or see it closed."""
        if self._retired:
            connection.abort()
        elif connection.finish():
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
            # The last used goes out first: what a crowd needed once lies at the other end, and ages.
            if self._idle[0].idle_since < connection.idle_since - IDLE_S:
                self._idle.popleft().abort()

    def retire(self) -> None:
        """Close the idle connections now and keep none that is given back."""
        self._retired = True
        for connection in list(self._idle):
            connection.abort()
        self._idle.clear()

    async def close(self) -> None:
        """Close every connection, those in use too, and wait until the loop has let go of them."""
        self._idle.clear()
        for connection in list(self._all):
            connection.abort()
        if self._all:
            self._empty = asyncio.Event()
            await self._empty.wait()

    def _lost(self, connection: WireConnection) -> None:
        self._all.discard(connection)
        if self._empty is not None and not self._all:
            self._empty.set()
        if connection in self._idle:
            self._idle.remove(connection)

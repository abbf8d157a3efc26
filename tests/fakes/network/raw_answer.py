"""HTTP on the socket itself, for what a client library would smooth over."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

_CHUNK_END = b"\r\n"


@dataclass(frozen=True)
class RawAnswer:
    """`end` is whole (all that was announced has come), cut (FIN before that) or reset (RST)."""

    status: int
    headers: dict[str, str]
    body: bytes
    end: Literal["whole", "cut", "reset"]

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@asynccontextmanager
async def sent(url: str, request: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """Send a request and lend what comes back; the connection is closed at the end."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        await writer.drain()
        yield reader
    finally:
        writer.close()


async def raw(url: str, request: bytes, *, stop_after: bytes = b"") -> bytes:
    """Send bytes as they are; return what comes until the server closes, or until `stop_after` was seen."""
    got = b""
    async with sent(url, request) as reader:
        while chunk := await asyncio.wait_for(reader.read(65_536), 10):
            got += chunk
            if stop_after and stop_after in got:
                break
    return got


async def ask_raw(url: str, request: bytes) -> RawAnswer:
    """Return the answer to a request that asks for the connection to be closed."""
    data, end = b"", "cut"
    async with sent(url, request) as reader:
        try:
            while piece := await reader.read(65_536):
                data += piece
        except ConnectionResetError:
            end = "reset"
    if not data:
        return RawAnswer(0, {}, b"", "reset" if end == "reset" else "cut")
    head, _, rest = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body, whole = _body(rest, headers)
    if end != "reset":
        end = "whole" if whole else "cut"
    return RawAnswer(int(status_line.split()[1]), headers, body, end)


def _body(rest: bytes, headers: dict[str, str]) -> tuple[bytes, bool]:
    if "content-length" in headers:
        return rest, len(rest) == int(headers["content-length"])
    body = b""
    while rest:
        size_line, _, rest = rest.partition(_CHUNK_END)
        size = int(size_line, 16)
        if size == 0:
            return body, True
        body, rest = body + rest[:size], rest[size + len(_CHUNK_END) :]
    return body, False

"""Ask a service whether it lives and whether it is ready: raw HTTP/1.1 over a Unix or TCP socket."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from wattos_cli.supervisor.addresses import Address

_LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
_PART_BYTES = 64 * 1024
_OK = range(200, 400)
_NO_REASON = "Connect call failed"


class ProbeError(Exception):
    """The service could not be asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status code, lower-case headers and body of one answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Return whether the status says yes."""
        return self.status in _OK

    def message(self) -> str:
        """Return what the body says in words, else the status."""
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        text = _words(document) if isinstance(document, dict) else ""
        return f"HTTP {self.status}: {text}" if text else f"HTTP {self.status}"


def _words(document: Mapping[str, Any]) -> str:
    """Return the failing checks of a health document by name, else its message."""
    checks = document.get("checks")
    if isinstance(checks, dict):
        down = [
            f"{name}: {check.get('message') or check.get('status')}"
            for name, check in checks.items()
            if isinstance(check, dict) and check.get("status") == "down"
        ]
        if down:
            return "; ".join(down)
    message = document.get("message")
    return message if isinstance(message, str) else ""


async def get(address: Address, path: str, timeout_s: float) -> Answer:
    """Return the answer to `GET path`; ProbeError when there is none within `timeout_s`."""
    async with answered_within(timeout_s):
        return await _get(address, path)


@asynccontextmanager
async def answered_within(timeout_s: float) -> AsyncIterator[None]:
    """Run the block; ProbeError when it is not done within `timeout_s`, or what it asks does not answer."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise ProbeError(f"no answer within {timeout_s:g} s") from error
    except FileNotFoundError as error:  # of a Unix socket, which the service makes when it has begun
        raise ProbeError("it does not listen yet") from error
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ProbeError(_reason(error) or type(error).__name__) from error


def _reason(error: Exception) -> str:
    """Return why nothing answered, without the address that asyncio puts in the place of the reason."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return os.strerror(error.errno or 0) if error.strerror.startswith(_NO_REASON) else error.strerror


async def connects(address: Address, timeout_s: float) -> None:
    """Return when something accepts connections at `address`; ProbeError when nothing does."""
    async with answered_within(timeout_s):
        _, writer = await _open(address)
        writer.close()


async def _open(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.path:
        return await asyncio.open_unix_connection(address.path, limit=_LARGEST_ANSWER_BYTES)
    if address.tls and sys.modules.get("ssl") is None:
        raise ValueError("https was not needed when the platform was started; run: wattos down, wattos up")
    tls = True if address.tls else None
    return await asyncio.open_connection(address.host, address.port, limit=_LARGEST_ANSWER_BYTES, ssl=tls)


async def _get(address: Address, path: str) -> Answer:
    reader, writer = await _open(address)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.host}\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
        }
        return Answer(int(head[0].split(" ", 2)[1]), headers, await _body(reader, headers))
    except IndexError as error:
        raise ValueError("the answer is not HTTP") from error
    finally:
        writer.close()


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    if "content-length" in headers:
        size = int(headers["content-length"])
        if size > _LARGEST_ANSWER_BYTES:
            raise ValueError(f"an answer of {size} bytes is too large")
        return await reader.readexactly(size)
    return await _until_closed(reader)


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes: an answer without a length ends with its connection."""
    parts: list[bytes] = []
    total = 0
    while part := await reader.read(_PART_BYTES):
        total += len(part)
        if total > _LARGEST_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        parts.append(part)
    return b"".join(parts)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    total = 0
    while size := int((await reader.readline()).split(b";")[0], 16):
        total += size
        if total > _LARGEST_ANSWER_BYTES:
            raise ValueError("the answer is too large")
        parts.append(await reader.readexactly(size))
        await reader.readline()
    return b"".join(parts)

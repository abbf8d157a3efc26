"""One HTTP/1.1 connection to another service: httptools parses, nothing is held back.

Measured: the same exchange costs aiohttp four times the CPU, most of it for what a hop does not need
(cookies, redirects, decompression, URL objects). The contract suite of hops runs over this.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from math import inf
from typing import Any

import httptools
from multidict import CIMultiDict

from wattos_platform.kernel.hops.lazy_timer import LazyTimer

HIGH_WATER_BYTES = 256 * 1024
_FIRST_FINAL_STATUS = 200
_FOREVER_S = 1e9
_BODILESS = frozenset({204, 304})


class WireError(Exception):
    """The connection broke, or what came over it is no HTTP. `clean` if not one byte of an answer came."""

    def __init__(self, reason: str, *, clean: bool = False) -> None:
        super().__init__(reason)
        self.clean = clean


class UploadError(Exception):
    """The source of the request's body failed; the cause is its error."""


class WireConnection(asyncio.Protocol):
    """Carries one exchange at a time: `send`, `head`, then `chunk` until it returns nothing.

    `on_lost` is told when the connection is gone. Belongs to one event loop.
    """

    status: int
    complete: bool
    sent_at: float
    _chunks: list[bytes]
    _error: Exception | None
    _fields: list[tuple[bytes, bytes]]
    _headers: CIMultiDict[str] | None
    _reading: bool

    __slots__ = (
        "_answered", "_buffered", "_chunks", "_drained", "_error", "_fields", "_headers", "_keep", "_loop",
        "_method", "_on_lost", "_parser", "_reading", "_timer", "_transport", "_upload", "_waiter",
        "complete", "idle_since", "lost", "sent_at", "status", "used",
    )  # fmt: skip

    def __init__(self, on_lost: Callable[["WireConnection"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._transport: Any = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer = LazyTimer(self._expire, self._loop.call_later)
        self._drained: asyncio.Future[None] | None = None
        self._upload: asyncio.Task[None] | None = None
        self.lost = False
        self.used = 0
        self.idle_since = 0.0
        self._parser: Any = httptools.HttpResponseParser(self)
        self._begin("")

    @property
    def headers(self) -> CIMultiDict[str]:
        """Return the fields of the answer's head."""
        if self._headers is None:
            self._headers = CIMultiDict(
                [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._fields]
            )
        return self._headers

    def header(self, name: bytes) -> bytes:
        """Return the first value of one field, nothing where it is missing; `name` in lower case."""
        for field, value in self._fields:
            if field.lower() == name:
                return value
        return b""

    def send(
        self, method: str, head: bytes, body: bytes | AsyncIterator[bytes] | None, *, chunked: bool
    ) -> None:
        """Send a request; an iterator's pieces follow as they come, framed if `chunked`."""
        self._begin(method)
        self.used += 1
        if body is None or isinstance(body, bytes):
            self._transport.write(head + body if body else head)
            self.sent_at = time.monotonic()
        else:
            self._transport.write(head)
            self._upload = self._loop.create_task(self._send_pieces(body, chunked=chunked))

    async def head(self, first_byte_s: float, deadline: float) -> None:
        """Wait until `status` and `headers` are there.

        `first_byte_s` counts from the last byte sent; `deadline` is monotonic. Raises TimeoutError,
        WireError, UploadError.
        """
        while not self.status:
            self._raise_if_broken()
            until = min(deadline, self.sent_at + first_byte_s)
            await self._wait(until - time.monotonic())

    async def chunk(self, idle_s: float, deadline: float) -> bytes:
        """Return what has arrived of the body, waiting for some; nothing at its end. Errors as `head`."""
        while not self._chunks:
            if self.complete:
                return b""
            self._raise_if_broken()
            await self._wait(min(idle_s, deadline - time.monotonic()))
        return self.arrived()

    def arrived(self) -> bytes:
        """Return what has arrived of the body and was not returned yet."""
        chunks = self._chunks
        content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._buffered = 0
        if not self._reading:
            self._reading = True
            self._transport.resume_reading()
        return content

    def finish(self) -> bool:
        """End the exchange; True if the connection may carry another, else it is closed at once."""
        uploaded = self._upload is None or (self._upload.done() and not self._upload.cancelled())
        if self.complete and uploaded and self._keep and not self.lost and self._error is None:
            self._upload = None
            return True
        self.abort()
        return False

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        if self._upload is not None:
            self._upload.cancel()
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._answered = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._break(WireError(f"the answer is not HTTP/1.1: {error}"))
            self.lost = True  # at once, since the loop tells us only at its next turn
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell who waits; an answer without a length ends here."""
        self.lost = True
        # Both know us: kept, they would leave us to the garbage collector.
        self._timer.cancel()
        self._parser = None
        if not self.complete:
            if self.status and self._error is None and self._ends_with_connection():
                self.complete = True
            else:
                self._break(WireError("the connection was closed", clean=not self._answered))
        self._wake()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._on_lost(self)

    def pause_writing(self) -> None:
        """Make the upload wait."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let the upload go on."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Refuse an answer that nobody asked for: it would be told to whoever uses the connection next."""
        if self.complete:
            raise WireError("an answer came to no request")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one field of the head; those that trail a body are nobody's."""
        if not self.status:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Hand over the head of a final answer."""
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            self._fields.clear()
            return
        self.status = status
        self._keep = self._parser.should_keep_alive()
        if self._method == "HEAD" or status in _BODILESS:
            self.complete = True
            # The parser may wait for the body that the length announces: not for a second exchange.
            self._keep = self._keep and self._method != "HEAD"
        self._wake()

    def on_body(self, body: bytes) -> None:
        """Keep a piece until it is read; stop reading while too much waits."""
        self._chunks.append(body)
        self._buffered += len(body)
        if self._buffered > HIGH_WATER_BYTES and self._reading:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        """Mark the end of a final answer."""
        if self.status:
            self.complete = True
            self._wake()

    def _begin(self, method: str) -> None:
        self._method = method
        self._fields = []
        self._headers = None
        self._chunks = []
        self._buffered = 0
        self._reading = True
        self._answered = False
        self._keep = False
        self._error = None
        self.sent_at = inf
        self.status = 0
        self.complete = False

    async def _send_pieces(self, body: AsyncIterator[bytes], *, chunked: bool) -> None:
        try:
            async for piece in body:
                if not piece:
                    continue
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                if self._drained is not None:
                    await self._drained
                if self.lost:
                    return
            if chunked:
                self._transport.write(b"0\r\n\r\n")
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the answer
            failure = UploadError("the body's source failed")
            failure.__cause__ = error
            self._break(failure)
        self.sent_at = time.monotonic()
        self._wake()

    def _ends_with_connection(self) -> bool:
        return "content-length" not in self.headers and "transfer-encoding" not in self.headers

    def _wait(self, timeout_s: float) -> "asyncio.Future[None]":
        """Return what is done when something happened; TimeoutError after `timeout_s`."""
        waiter = self._waiter = self._loop.create_future()
        if timeout_s < _FOREVER_S:
            self._timer.set(timeout_s)
        else:
            self._timer.off()
        return waiter

    def _expire(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(TimeoutError())

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is None:
            return
        self._waiter = None
        self._timer.off()
        if not waiter.done():
            waiter.set_result(None)

    def _break(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self._wake()

    def _raise_if_broken(self) -> None:
        if self._error is not None:
            raise self._error

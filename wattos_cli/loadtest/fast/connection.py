"""One connection to the target: an exchange at a time, read by httptools as it comes."""

import asyncio
import math
import time
from collections import deque
from typing import cast

import httptools

from wattos_cli.loadtest.driving.evidence import error_line
from wattos_cli.loadtest.journey import Patience

_MOST_BODY_BYTES = 64 * 1024 * 1024
_MOST_HEAD_BYTES = 64 * 1024
_FULL_BYTES = 1024 * 1024
_FINAL_FROM = 200
_NO_BODY = (204, 304)
_NAMES_KEPT = 500
_names: dict[bytes, str] = {}


class NoAnswerError(Exception):
    """No whole answer came; the text says why. `untouched`: not a byte of one came."""

    def __init__(self, reason: str, *, untouched: bool = False) -> None:
        super().__init__(reason)
        self.untouched = untouched


class Connection(asyncio.Protocol):
    """After `ask` has been awaited: `status`, `headers`, `body` and `ended_s` are those of the answer.

    After `ask_stream`: status and headers; the body comes by `chunk`. Times are of `time.monotonic`. A
    watchdog calls `time_out` when `deadline_s` has passed.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.usable = False
        self.deadline_s = math.inf
        self.status = 0
        self.headers: dict[str, str] = {}
        self.ended_s = 0.0
        self.whole = True
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._body: list[bytes] = []
        self._chunks: deque[tuple[float, bytes]] | None = None
        self._held_bytes = 0
        self._head_bytes = 0
        self._paused = False
        self._measured_length = False
        self._error: NoAnswerError | None = None

    @property
    def body(self) -> bytes:
        """Return the body of a whole answer."""
        return self._body[0] if len(self._body) == 1 else b"".join(self._body)

    async def ask(self, request: bytes) -> None:
        """Send a request and wait for its whole answer; NoAnswerError."""
        self._begin(request, None, self._patience.answer_s)
        await self._wait()

    async def ask_stream(self, request: bytes) -> None:
        """Send a request and wait for the head of its answer; NoAnswerError."""
        self._begin(request, deque(), self._patience.silence_s)
        while not self.status and not self.whole:
            await self._wait()

    async def chunk(self) -> tuple[float, bytes] | None:
        """Return the next piece of a streamed body and when it arrived, None at its end; NoAnswerError."""
        chunks = cast("deque[tuple[float, bytes]]", self._chunks)
        while not chunks:
            if self.whole:
                return None
            if self._error:
                raise self._error
            await self._wait()
        at_s, data = chunks.popleft()
        self._held_bytes -= len(data)
        if self._paused and not chunks and self._transport:
            self._paused = False
            self._transport.resume_reading()
        return at_s, data

    @property
    def gone(self) -> bool:
        """Return whether there is no connection any more."""
        return self._transport is None

    def abort(self) -> None:
        """End the connection at once."""
        self.usable = False
        if self._transport:
            self._transport.abort()

    def time_out(self) -> None:
        """Give up: the answer takes too long."""
        if self._chunks is None:
            self._fail(f"no whole answer within {self._patience.answer_s:g} s")
        else:
            self._fail(f"nothing came for {self._patience.silence_s:g} s")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True

    def connection_lost(self, exc: Exception | None) -> None:
        """End; an answer without a length ends with its connection."""
        self.usable = False
        self._transport = None
        if self.whole:
            return
        if exc is None and self.status and not self._measured_length:
            self._complete()
        elif exc is None:
            self._fail("the connection was closed before the answer was whole")
        else:
            self._fail(error_line(exc))

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self.whole:
            self._fail("bytes came that belong to no answer")
            return
        if self._chunks is not None:
            self.deadline_s = time.monotonic() + self._patience.silence_s
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"no HTTP: {error_line(error)}")

    def on_message_begin(self) -> None:
        """Begin to read an answer; one that nobody asked for ends the connection."""
        if self.whole:
            self._fail("an answer came that nobody asked for")
            return
        self._head_bytes = 0
        self._measured_length = False
        self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header field."""
        if self.whole:
            return
        key = _names.get(name) or _lowered(name)
        self.headers[key] = value.decode("latin-1")
        self._measured_length |= key in {"content-length", "transfer-encoding"}
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _MOST_HEAD_BYTES:
            self._fail(f"header fields of more than {_MOST_HEAD_BYTES} bytes")

    def on_headers_complete(self) -> None:
        """Note the status; the head of a stream is waited for."""
        status = self._parser.get_status_code()
        if self.whole or status < _FINAL_FROM:
            return
        self.status = status
        self._measured_length |= status in _NO_BODY
        if self._chunks is not None:
            self._wake()

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        if self.whole:
            return
        if self._chunks is None:
            self._body.append(data)
            self._held_bytes += len(data)
            if self._held_bytes > _MOST_BODY_BYTES:
                self._fail(f"an answer of more than {_MOST_BODY_BYTES} bytes")
            return
        self._chunks.append((time.monotonic(), data))
        self._held_bytes += len(data)
        if self._held_bytes > _FULL_BYTES and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        if self.status and not self.whole and not self._error:  # a status of 0: it was an interim one
            self.usable = self.usable and self._parser.should_keep_alive()
            self._complete()

    def _begin(self, request: bytes, chunks: "deque[tuple[float, bytes]] | None", within_s: float) -> None:
        if not self.usable or self._transport is None or self._transport.is_closing():
            raise NoAnswerError("the connection was closed", untouched=True)
        self.status, self.whole, self._error = 0, False, None
        self.headers, self._body, self._chunks = {}, [], chunks
        self._held_bytes = 0
        self.deadline_s = time.monotonic() + within_s
        self._transport.write(request)

    async def _wait(self) -> None:
        if self._error:
            raise self._error
        if not self.whole:
            self._waiter = self._loop.create_future()
            await self._waiter
        if self._error:
            raise self._error

    def _complete(self) -> None:
        self.ended_s = time.monotonic()
        self.deadline_s = math.inf
        self.whole = True
        self._wake()

    def _fail(self, reason: str) -> None:
        self.deadline_s = math.inf
        if not self.whole:
            self._error = self._error or NoAnswerError(reason, untouched=not self.headers and not self.status)
            self._wake()
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _lowered(name: bytes) -> str:
    text = name.decode("latin-1").lower()
    if len(_names) < _NAMES_KEPT:
        _names[name] = text
    return text

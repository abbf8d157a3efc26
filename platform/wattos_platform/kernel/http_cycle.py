"""How one answer is written: uvicorn's cycle with the head of an answer made and checked in one go."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What no line of a head may bear, save the two that end it.
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})
_LINE_END_BYTES = 2
_MOST_KNOWN = 512
_BODILESS = frozenset({204, 304})
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})
# How the line of a field begins, by its name; not for those that say how the answer is framed.
_known: dict[bytes, bytes] = {}


class Cycle(RequestResponseCycle):
    """One request and its answer on a connection of `protocol`, with ASGI's messages in between.

    uvicorn looks at each name and each value of a head by an expression: a third of what an answer costs it.
    Here a name is looked at once, and all values together. To HTTP/1.0 nothing is sent in chunks.
    """

    def __init__(self, protocol: "HttpToolsProtocol", scope: Any, *, keep_alive: bool) -> None:
        self.scope = scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.logger = protocol.logger
        self.default_headers = protocol.server_state.default_headers
        self.message_event = asyncio.Event()
        self.on_response: Callable[[], None] = protocol.on_response_complete
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = protocol.expect_100_continue
        self.body = bytearray()
        self.disconnected = False
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.chunked_encoding: bool | None = None
        self.expected_content_length = 0
        self._closes = False
        self._ends_with_connection = False

    async def send(self, message: Any) -> None:
        """Write what an ASGI message says; RuntimeError for one out of order or with a field that is none."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.body" and self.response_started and not self.response_complete:
            self._write_body(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start" and not self.response_started:
            self.response_started = True
            if self.waiting_for_100_continue:
                self._answer_unread()
            self.transport.write(self._head(message["status"], message.get("headers", ())))
        else:
            raise RuntimeError(f"An unexpected ASGI message: {kind}.")

    def _answer_unread(self) -> None:
        """Close after an answer that comes instead of a 100: whether the body still comes, nobody knows."""
        self.waiting_for_100_continue = False
        if self.more_body:
            self.keep_alive = False

    def _head(self, status: int, fields: Any) -> bytes:
        pieces = [STATUS_LINE[status]]
        lines = 2
        for name, value in (*self.default_headers, *fields):
            lines += 1
            pieces += (_known.get(name) or self._beginning(name, value), value, b"\r\n")
        if not self.keep_alive and not self._closes:
            lines += 1
            pieces.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _BODILESS:
            if self.scope["http_version"] == "1.0":
                self._ends_with_connection = True  # which HTTP/1.0 never keeps here; it knows no chunks
            else:
                self.chunked_encoding = True
                lines += 1
                pieces.append(b"transfer-encoding: chunked\r\n")
        pieces.append(b"\r\n")
        head = b"".join(pieces)
        if len(head) - len(head.translate(None, _CONTROLS)) != lines * _LINE_END_BYTES:
            raise RuntimeError("A field of the answer bears a control character.")
        return head

    def _beginning(self, given: bytes, value: bytes) -> bytes:
        """Return how the line of a field begins; learn how the answer is framed if the field says so."""
        name = given.lower()
        if name == b"content-length" and self.chunked_encoding is None:
            self.expected_content_length = int(value)
            self.chunked_encoding = False
        elif name == b"transfer-encoding" and value.lower() == b"chunked":
            self.expected_content_length = 0
            self.chunked_encoding = True
        elif name == b"connection" and b"close" in [token.strip() for token in value.lower().split(b",")]:
            self.keep_alive = False
            self._closes = True
        elif name not in _FRAMING:
            _learn(given, name)
        return name + b": "

    def _write_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
        elif self.chunked_encoding:
            piece = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            self.transport.write(piece if more else piece + b"0\r\n\r\n")
        elif self._ends_with_connection:
            self.transport.write(body)
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("The body is longer than its Content-Length.")
            self.transport.write(body)
        if more:
            return
        if self.expected_content_length:
            raise RuntimeError("The body is shorter than its Content-Length.")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _learn(given: bytes, name: bytes) -> None:
    """Keep how the line of a field begins; RuntimeError if its name is none."""
    if HEADER_RE.search(name):
        raise RuntimeError(f"{name!r} is no name of a header field.")
    if len(_known) < _MOST_KNOWN:
        _known[given] = name + b": "

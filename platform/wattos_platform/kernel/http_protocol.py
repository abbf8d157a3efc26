"""How a connection is read: the head of a request has a cap, and what is no request gets our error shape."""

import asyncio
import time
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wattos_platform.kernel.context import trace_of
from wattos_platform.kernel.errors import ServiceError, error_body
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.joined_writes import JoinedWrites

MAX_HEAD_BYTES = 32 * 1024
_FIELD_BYTES = len(": \r\n")
_LINGER_S = 1.0


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which has no cap on the head and answers what it cannot read in plain text.

    The request line and the header fields may have MAX_HEAD_BYTES together; more is a 431. Answers given here
    reached no route: they are in the log as uvicorn's warning and in no metric.
    """

    _in_head = False
    _head_bytes = 0
    _refused = False
    _refusal: ServiceError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with a connection; what is written to it goes out joined."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", JoinedWrites(transport, self.loop))

    def data_received(self, data: bytes) -> None:
        """Parse what arrived; a head that does not end is refused before it fills the memory."""
        if self._refused:
            return
        super().data_received(data)
        if self._in_head and not self._refused:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refusal = _head_too_large()
                self.send_400_response("the head is too large")

    def on_message_begin(self) -> None:
        """Begin with the head of a request."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Judge the head as a whole, then start the request."""
        self._in_head = False
        fields = sum(len(name) + len(value) + _FIELD_BYTES for name, value in self.headers)
        size_bytes = len(self.url) + fields
        if size_bytes > MAX_HEAD_BYTES:
            self._refusal = _head_too_large()
            raise self._refusal
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature; its text is for logs
        """Answer what could not be read as a request, then close, reading on for a moment.

        Closing with unread bytes resets the connection, and the caller would not see the answer.
        """
        self._refused = True
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()  # a second answer in the middle of the first helps nobody
            return
        self.refuse(self._refusal or ServiceError(400, "invalid_http", "This is not a valid HTTP request."))

    def refuse(self, error: ServiceError) -> None:
        """Answer with `error` whatever is asked, then close, reading on for a moment."""
        self._refused = True
        self.transport.write(_response(error))
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)


def _head_too_large() -> ServiceError:
    return ServiceError(
        431,
        "header_too_large",
        f"The request line and the header fields have more than {MAX_HEAD_BYTES} bytes together.",
    )


def _response(error: ServiceError) -> bytes:
    request_id, (trace_id, _) = uuid7(), trace_of(None)
    body = error_body(error, path="", method="", request_id=request_id, trace_id=trace_id, now=time.time())
    more = "".join(f"{name.lower()}: {value}\r\n" for name, value in error.headers.items())
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"x-request-id: {request_id}\r\nconnection: close\r\n{more}\r\n"
    )
    return head.encode("ascii") + body

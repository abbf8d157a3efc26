"""How a connection is read: the head of a request has a cap, and what is no request gets our error shape."""

import asyncio
import time
from http import HTTPStatus
from math import inf
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from wattos_platform.kernel.context import trace_of
from wattos_platform.kernel.errors import ServiceError, error_body
from wattos_platform.kernel.http_cycle import Cycle
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.joined_writes import JoinedWrites

MAX_HEAD_BYTES = 32 * 1024
_FIELD_BYTES = len(": \r\n")
_LINGER_S = 1.0
_ASGI = {"version": "3.0", "spec_version": "2.3"}


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which has no cap on the head and answers what it cannot read in plain text.

    The request line and the header fields may have MAX_HEAD_BYTES together; more is a 431. Answers given here
    reached no route: they are in the log as uvicorn's warning and in no metric. What no server of ours has is
    left out: WebSockets, a root path, uvicorn's own cap on concurrency and its access log. A connection on
    which no whole head comes for the keep-alive time is closed, its first request included.
    """

    cycle: Cycle
    # Whose answer is being written; `cycle` is the last to come, which may wait behind it.
    _answering: RequestResponseCycle | None = None
    _in_head = False
    _head_bytes = 0
    _arrived_bytes = 0
    _refused = False
    _refusal: ServiceError | None = None
    _idle_since = inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        """Begin with a connection; what is written to it goes out joined."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", JoinedWrites(transport, self.loop))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End with a connection, however it ended: its timer would keep it in memory."""
        super().connection_lost(exc)
        self._forsake()
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived; a head that does not end is refused before it fills the memory."""
        if self._refused:
            return
        self._arrived_bytes = self._head_bytes + len(data)
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                self._stay(memoryview(data)[offer.args[0] :])
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("invalid")
        if self._in_head and not self._refused:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refusal = _head_too_large()
                self.send_400_response("the head is too large")

    def on_message_begin(self) -> None:
        """Begin with the head of a request."""
        self._in_head, self._head_bytes = True, 0
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Judge the head as a whole, then start the request, or line it up behind those before it."""
        self._in_head, self._head_bytes = False, 0
        if self._arrived_bytes > MAX_HEAD_BYTES:
            self._check_size()
        if self.parser.should_upgrade():
            return  # it comes again, without its offer
        self._idle_since = inf
        self.scope = self._scope()
        before = self.cycle
        keep_alive = self.scope["http_version"] != "1.0" and self.parser.should_keep_alive()
        self.cycle = Cycle(self, self.scope, keep_alive=keep_alive)
        if before is None or before.response_complete:
            self._answering = self.cycle
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_message_complete(self) -> None:
        """Tell the request that its body is whole."""
        cycle = self.cycle
        if self.parser.should_upgrade() or cycle.response_complete:
            return
        cycle.more_body = False
        cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one.

        A connection has one timer for all its waits: making one for each costs 2 us a request.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._answering, app = self.pipeline.pop()
            self._start_asgi_task(self._answering, app)
            return
        self._await_head()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection once it has waited for a head for its time."""
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left_s <= 0:
            self.transport.close()
        elif left_s < inf:
            self._wait_for(left_s)
        else:
            self.timeout_keep_alive_task = None

    def _await_head(self) -> None:
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait_for(self.timeout_keep_alive)

    def _wait_for(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _scope(self) -> Any:
        parsed = httptools.parse_url(self.url)
        path = parsed.path.decode("ascii")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": self.parser.get_http_version(),
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "headers": self.headers,
            "state": self.app_state.copy(),
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": parsed.path,
            "query_string": parsed.query or b"",
        }

    def _stay(self, rest: memoryview) -> None:
        """Go on in HTTP/1.1 with a request that offers another protocol, and with the `rest` that followed.

        The parser takes such a request for the last one, and for one without a body. Clients offer HTTP/2
        with their first request, whatever it is (RFC 9110, 7.8): a new parser hears of it without the offer.
        """
        while not self._refused:
            if self.parser.get_method() == b"CONNECT":
                raise httptools.HttpParserError("this is no proxy")
            head = self._head_without_offer()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(head)
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
            else:
                return

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"\r\n"])

    def _check_size(self) -> None:
        fields = sum(len(name) + len(value) + _FIELD_BYTES for name, value in self.headers)
        if len(self.url) + fields > MAX_HEAD_BYTES:
            self._refusal = _head_too_large()
            raise self._refusal

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature; its text is for logs
        """Answer what could not be read as a request, then close, reading on for a moment.

        Closing with unread bytes resets the connection, and the caller would not see the answer.
        """
        self._refused = True
        answering = self._answering
        if answering is not None and answering.response_started and not answering.response_complete:
            self.transport.close()  # a second answer in the middle of the first helps nobody
            return
        self._forsake()
        self.refuse(self._refusal or ServiceError(400, "invalid_http", "This is not a valid HTTP request."))

    def refuse(self, error: ServiceError) -> None:
        """Answer with `error` whatever is asked, then close, reading on for a moment."""
        self._refused = True
        self.transport.write(_response(error))
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _forsake(self) -> None:
        """Tell the request that is being answered that nobody waits; uvicorn tells only the last to come."""
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()


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

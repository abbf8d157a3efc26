"""One request and its answer: what the middleware watches while the endpoint works."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from starlette.types import Message, Receive, Scope, Send

from wattos_platform.contracts.error_types import ERROR_TYPE_HEADER, known_error_type
from wattos_platform.contracts.identity import DEGRADED_HEADER
from wattos_platform.kernel.context import RequestContext
from wattos_platform.kernel.error_shapes import ErrorShape, FailedRequest
from wattos_platform.kernel.errors import ServiceError

CLIENT_GONE = 499
_DEGRADED_FIELD = DEGRADED_HEADER.encode()
_ERROR_TYPE_FIELD = ERROR_TYPE_HEADER.encode()
TOO_LARGE = 413
DISCARD_BYTES = 128_000_000
DISCARD_S = 10.0
AnswerHeaders = Callable[[Scope], Iterable[tuple[bytes, bytes]]]
_BAD_REQUEST = 400


class Exchange:
    """Wraps `receive` and `send` of one request: caps the body, stamps the answer, remembers the status.

    `limit_bytes` holds for bodies without a Content-Length; those with one are judged before reading.
    `shape` is that of its errors; `answer_headers` gives what every answer bears beside its own headers,
    errors included.
    """

    __slots__ = (
        "_answer_headers",
        "_limit",
        "_read",
        "_read_whole",
        "_receive",
        "_scope",
        "_send",
        "_shape",
        "complete",
        "context",
        "fault",
        "gone",
        "size_bytes",
        "started",
        "status",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        context: RequestContext,
        limit_bytes: int,
        shape: ErrorShape,
        answer_headers: AnswerHeaders | None = None,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._answer_headers = answer_headers
        self._limit = limit_bytes
        self._shape = shape
        self._read = 0
        self._read_whole = False
        self.context = context
        self.fault = ""
        self.status = 0
        self.started = False
        self.complete = False
        self.gone = False
        self.size_bytes = 0

    async def receive(self) -> Message:
        """Return the next message; ServiceError 413 once the body has passed the limit."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._read_whole = not message.get("more_body", False)
            if self._read > self._limit:
                raise too_large(self._limit)
        elif not self.complete:
            self.gone = True
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on; the first one gets the request id and the trace."""
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            if self.status >= _BAD_REQUEST and not self.fault:
                self.fault = _told_fault(message.get("headers", ()))
            message["headers"] = self._stamped(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.size_bytes += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        return self._send(message)

    def _stamped(self, fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        context = self.context
        request_id = context.request_id.encode()
        stamped = [*fields, (b"traceparent", context.traceparent.encode())]
        for name in self._shape.request_id_headers:
            stamped.append((name, request_id))  # noqa: PERF401 - one or two
        if self._answer_headers is not None:
            stamped += self._answer_headers(self._scope)
        # Last, since what stands above may add to it.
        if context.degraded:
            stamped.append((_DEGRADED_FIELD, ", ".join(context.degraded).encode()))
        return stamped

    async def _discard(self) -> None:
        """Read on to the end of a refused body, within bounds.

        Closing a connection with unread bytes resets it, and a caller that is still sending would see a
        broken pipe instead of the answer.
        """
        left = DISCARD_BYTES
        try:
            async with asyncio.timeout(DISCARD_S):
                while left > 0:
                    message = await self._receive()
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
                    left -= len(message.get("body", b""))
        except TimeoutError:
            return

    async def fail(self, error: ServiceError, now: float) -> None:
        """Answer with `error` in the shape its callers expect; once an answer has begun it can only stop.

        `now` is wall time in seconds.
        """
        self.fault = error.error_type
        if self.started:
            return
        if error.status == TOO_LARGE and not self._read_whole:
            await self._discard()
        scope, context = self._scope, self.context
        failed = FailedRequest(scope["path"], context.request_id, scope["method"], context.trace_id, now)
        body = self._shape.encode(error, failed)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if error.error_type:
            headers.append((_ERROR_TYPE_FIELD, error.error_type.encode()))
        headers += [
            (name.lower().encode(), value.encode("latin-1", "replace"))
            for name, value in error.headers.items()
        ]
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _told_fault(fields: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the fault domain that another service tells in an answer which is passed on here, or nothing."""
    told = next((value for name, value in fields if name == _ERROR_TYPE_FIELD), None)
    return "" if told is None else known_error_type(told.decode("latin-1"))


def too_large(limit_bytes: int) -> ServiceError:
    """Return the refusal of a body above `limit_bytes`."""
    return ServiceError(
        TOO_LARGE,
        "body_too_large",
        f"The body is larger than {limit_bytes} bytes, the limit of this route.",
        headers={"Connection": "close"},
    )


def error_type(status: int, *, gone: bool = False, fault: str = "") -> str:
    """Return the fault domain of an answer, empty when all is well.

    The closed list of them stands in docs/reference/metrics.md. `fault` is what the error itself says:
    `platform_overloaded` for a call that was shed.
    """
    if gone:
        return "caller_gone"
    if fault:
        return fault
    if status < _BAD_REQUEST:
        return ""
    known = {
        401: "policy_identity",
        403: "policy_permission",
        429: "policy_rate_limit",
        413: "caller_too_large",
        404: "caller_not_found",
        502: "provider_failed",
        503: "platform_unavailable",
        504: "provider_timeout",
    }
    return known.get(status, "caller_invalid" if status < 500 else "platform_internal")  # noqa: PLR2004 - a status class

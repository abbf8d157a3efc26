"""ONE middleware for all cross-cutting work: context, identity, limits, errors, metrics, access line.

Each layer of Starlette's BaseHTTPMiddleware costs 185-400 us (docs/adr/0002); this costs about 10.
"""

import asyncio
from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.access_line import NOT_FOUND_ROUTE, AnswerKinds
from wattos_platform.kernel.context import RequestContext, enter, new_span_id, request_id_of, trace_of
from wattos_platform.kernel.dispatch import ROUTE_KEY
from wattos_platform.kernel.error_shapes import ErrorShape, ErrorShapes
from wattos_platform.kernel.errors import ServiceError, internal_error, stopping
from wattos_platform.kernel.exchange import CLIENT_GONE, AnswerHeaders, Exchange, too_large
from wattos_platform.kernel.logging import LEVELS
from wattos_platform.kernel.runtime import Runtime

OnAnswered = Callable[[Scope, Exchange, float], None]
_PROBES = frozenset(
    {"/health", "/health/liveness", "/health/readiness", "/health/kpi", "/metrics", "/health/metrics"}
)
_HEADERLESS = b""
_MOST_DIGITS = 18


class Middleware:
    """Stands between the server and the service's routes; see the module's first line.

    `idle` is set while no request is being answered. `public` and `ops` are the apps of the two listeners.
    `error_shapes` gives the shape of errors by path prefix, the platform's own elsewhere; `body_limit` the
    largest body in bytes for (method, path).
    """

    def __init__(
        self,
        runtime: Runtime,
        public: ASGIApp,
        ops: ASGIApp,
        *,
        error_shapes: Mapping[str, ErrorShape],
        identity_required: bool,
        body_limit: Callable[[str, str], int],
        answer_headers: AnswerHeaders | None = None,
        on_answered: OnAnswered | None = None,
    ) -> None:
        self._runtime = runtime
        self._public = public
        self._ops = ops
        self._error_shapes = ErrorShapes(error_shapes)
        self._identity_required = identity_required
        self._body_limit = body_limit
        self._answer_headers = answer_headers
        self._on_answered = on_answered
        self._in_flight = 0
        runtime.metrics.gauge("http_requests_in_flight").set_function(lambda: self._in_flight)
        self._kinds = AnswerKinds(runtime)
        self.idle = asyncio.Event()
        self.idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        runtime = self._runtime
        begin = runtime.monotonic()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        context = self._context(headers, begin)
        enter(context)
        path = scope["path"]
        is_ops = on_operations_listener(scope.get("server"), runtime.settings.ops_port)
        limit = self._body_limit(scope["method"], path)
        extra = None if is_ops else self._answer_headers
        shape = self._error_shapes.at(path)
        exchange = Exchange(
            scope, receive, send, context=context, limit_bytes=limit, shape=shape, answer_headers=extra
        )
        if not is_ops:
            self._enter()
        try:
            _check_length(headers, limit)
            if not is_ops and path not in _PROBES:
                context.identity = self._identity(headers)
            await (self._ops if is_ops else self._public)(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - every failure becomes one of our answers, here and nowhere else
            await self._fail(error, exchange)
        except asyncio.CancelledError:
            if not runtime.health.draining:
                raise
            # The drain time is over, and the server ends what still runs: the last moment to say so.
            await self._fail(stopping(), exchange)
        finally:
            if not is_ops:
                self._leave()
            self._account(scope, exchange, begin, quiet=is_ops or path in _PROBES)

    def _enter(self) -> None:
        self._in_flight += 1
        self.idle.clear()

    def _leave(self) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self.idle.set()

    def _context(self, headers: dict[bytes, bytes], begin: float) -> RequestContext:
        settings = self._runtime.settings
        trace_id, flags = trace_of(_text(headers, b"traceparent"))
        millis = _number(headers, b"x-request-deadline-ms", settings.deadline_ms)
        return RequestContext(
            request_id=request_id_of(_text(headers, b"x-request-id")),
            trace_id=trace_id,
            span_id=new_span_id(),
            deadline=begin + min(millis, settings.stream_deadline_ms) / 1000,
            flags=flags,
            attempt=_number(headers, b"x-wattos-attempt", 0),
        )

    def _identity(self, headers: dict[bytes, bytes]) -> Identity | None:
        if not self._identity_required:
            return None
        token = _text(headers, b"x-wattos-identity")
        signer = self._runtime.signer
        if not token or signer is None:
            raise ServiceError(
                401, "identity_missing", "This service answers only requests that came through the gateway."
            )
        return signer.verify(token)

    async def _fail(self, error: Exception, exchange: Exchange) -> None:
        answer = self._as_service_error(error, exchange)
        if answer is None:
            exchange.status, exchange.gone = CLIENT_GONE, True
            return
        await exchange.fail(answer, self._runtime.clock())

    def _as_service_error(self, error: Exception, exchange: Exchange) -> ServiceError | None:
        if isinstance(error, ServiceError):
            return error
        if isinstance(error, ClientDisconnect) or (isinstance(error, OSError) and exchange.gone):
            return None
        if isinstance(error, HTTPException):
            return ServiceError(error.status_code, "http_error", error.detail, headers=error.headers)
        self._runtime.log.error("http.request.failed", message="The endpoint raised.", exc_info=error)
        return internal_error()

    def _account(self, scope: Scope, exchange: Exchange, begin: float, *, quiet: bool) -> None:
        runtime = self._runtime
        took_s = runtime.monotonic() - begin
        kind = self._kinds.of(exchange, scope["method"], scope.get(ROUTE_KEY, NOT_FOUND_ROUTE))
        kind.requests.count += 1
        kind.duration.observe(took_s)
        if quiet:
            return
        if self._on_answered is not None:
            self._on_answered(scope, exchange, took_s)
        if runtime.sink.level <= LEVELS["info"]:
            runtime.sink.raw(kind.line(exchange, took_s, runtime.clock()))


def on_operations_listener(server: tuple[str, int | None] | None, ops_port: int | None) -> bool:
    """Return whether somebody came in at the operations listener: a Unix socket, or a port of its own."""
    if not server:
        return False
    port = server[1]
    return port is None or (ops_port is not None and port == ops_port)


def _check_length(headers: dict[bytes, bytes], limit: int) -> None:
    if _number(headers, b"content-length", 0) > limit:
        raise too_large(limit)


def _number(headers: dict[bytes, bytes], name: bytes, default: int) -> int:
    """Return a header field as a number, `default` for none or what is no number.

    Its first digits are enough for what every caller compares it with, and reading thousands is an error.
    """
    value = headers.get(name, _HEADERLESS)
    return int(value.lstrip(b"0")[:_MOST_DIGITS] or b"0") if value.isdigit() else default


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")

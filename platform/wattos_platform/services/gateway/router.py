"""One route before the whole table, since a scan of forty patterns would cost as much as a hop."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from wattos_platform.kernel.access_line import NOT_FOUND_ROUTE
from wattos_platform.kernel.context import current
from wattos_platform.kernel.dispatch import ROUTE_KEY
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.gateway.admission import Admission
from wattos_platform.services.gateway.domain.cors import PREFLIGHT_HEADERS, CorsPolicy
from wattos_platform.services.gateway.domain.headers import read_request_headers
from wattos_platform.services.gateway.domain.matching import RouteTable, hides_a_separator, is_ambiguous
from wattos_platform.services.gateway.domain.routes import OWN, GatewayRoute, Streams
from wattos_platform.services.gateway.proxy import Passage, Proxy
from wattos_platform.services.gateway.request_record import RequestRecord, open_record

Endpoint = Callable[[Request], Awaitable[Response]]


class GatewayRouter(BaseRoute):
    """Takes every path: finds its line in the table, admits the caller, answers or asks the upstream.

    `own` holds the gateway's own endpoints by path. `extra_deadline_s` is added to the budget of a request
    whose route may stay open for long and that names none itself.
    """

    path = NOT_FOUND_ROUTE

    def __init__(
        self,
        table: RouteTable,
        admission: Admission,
        proxy: Proxy,
        *,
        cors: CorsPolicy,
        own: Mapping[str, Endpoint],
        extra_deadline_s: float,
    ) -> None:
        self._table = table
        self._admission = admission
        self._proxy = proxy
        self._cors = cors
        self._own = own
        self._extra_deadline_s = extra_deadline_s

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every HTTP request."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is a ServiceError, rendered by the kernel."""
        record = open_record(scope)
        methods = self._find(scope)
        if scope["method"] == "OPTIONS":
            scope[ROUTE_KEY] = next(iter(methods.values())).path
            await self._preflight(scope, send, methods)
            return
        route = methods.get(scope["method"])
        if route is None:
            raise _not_allowed(scope, methods)
        scope[ROUTE_KEY] = route.path
        record.route = route
        await self._enter(route, record, scope, receive, send)

    async def _enter(
        self, route: GatewayRoute, record: RequestRecord, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = read_request_headers(scope["headers"])
        client = scope.get("client")
        peer = client[0] if client else "unknown"
        context = current()
        # How often something was tried is for our own services to say.
        context.attempt = 0
        context.identity = await self._admission.admit(route, headers, peer, record)
        if route.streams is not Streams.NOTHING and not headers.names_deadline:
            context.deadline += self._extra_deadline_s
        if route.upstream == OWN:
            response = await self._own[route.path](Request(scope, receive, send))
            await response(scope, receive, send)
            return
        await self._proxy.forward(Passage(route, headers, scope, send), receive)

    def _find(self, scope: Scope) -> Mapping[str, GatewayRoute]:
        raw_path = scope["raw_path"]
        if is_ambiguous(raw_path):
            raise _ambiguous()
        methods = self._table.find(scope["path"])
        if methods is None:
            raise ServiceError(404, "route_not_found", f"There is no {scope['path']} here.")
        if hides_a_separator(raw_path, next(iter(methods.values()))):
            raise _ambiguous()
        return methods

    async def _preflight(self, scope: Scope, send: Send, methods: Mapping[str, GatewayRoute]) -> None:
        """Answer OPTIONS, which bears no identity; a refused origin gets no CORS field and no error."""
        headers = dict(scope["headers"])
        fields = [(b"allow", ", ".join(sorted([*methods, "OPTIONS"])).encode())]
        if headers.get(b"origin") in self._cors.origins and b"access-control-request-method" in headers:
            fields += PREFLIGHT_HEADERS
        await send({"type": "http.response.start", "status": 204, "headers": fields})
        await send({"type": "http.response.body", "body": b""})


def _ambiguous() -> ServiceError:
    return ServiceError(
        400,
        "ambiguous_path",
        "The path holds dot segments, empty segments or encoded separators; send it in plain form.",
    )


def _not_allowed(scope: Scope, methods: Mapping[str, GatewayRoute]) -> ServiceError:
    scope[ROUTE_KEY] = next(iter(methods.values())).path
    listed = ", ".join(sorted([*methods, "OPTIONS"]))
    return ServiceError(
        405,
        "method_not_allowed",
        f"{scope['path']} takes {listed}, not {scope['method']}.",
        headers={"Allow": listed},
    )

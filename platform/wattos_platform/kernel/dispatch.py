"""From path and method to the endpoint: fixed paths by one look-up, patterns by their expression."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from wattos_platform.kernel.errors import ServiceError

ROUTE_KEY = "wattos.route"


class Dispatcher:
    """An ASGI app over Starlette routes that leaves the route's template in the scope for metrics and logs.

    ServiceError 404 for a path that no route has, 405 with `Allow` for a method it does not take.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._fixed: dict[str, list[Route]] = {}
        self._patterns: list[BaseRoute] = []
        for route in routes:
            if isinstance(route, Route) and _is_bare(route):
                route.app = _answering(route.endpoint)
            if isinstance(route, Route) and not route.param_convertors:
                self._fixed.setdefault(route.path, []).append(route)
            else:
                self._patterns.append(route)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hand the request to its route."""
        path = scope["path"]
        allowed: set[str] = set()
        for route in self._fixed.get(path, ()):
            if route.methods is None or scope["method"] in route.methods:
                scope[ROUTE_KEY] = route.path
                scope["endpoint"] = route.endpoint
                scope["path_params"] = {}
                return route.app(scope, receive, send)
            allowed |= route.methods
        for pattern in self._patterns:
            match, child = pattern.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                scope[ROUTE_KEY] = getattr(pattern, "path", "")
                return pattern.handle(scope, receive, send)
            if match is Match.PARTIAL:
                allowed |= getattr(pattern, "methods", None) or set()
        raise _refusal(scope["method"], path, allowed)


def _is_bare(route: Route) -> bool:
    """Return whether nothing but Starlette's own wrapper stands around the route's endpoint: no guard."""
    made_by = getattr(route.app, "__module__", "")
    return made_by == request_response.__module__ and inspect.iscoroutinefunction(route.endpoint)


def _answering(endpoint: Callable[[Request], Awaitable[Any]]) -> ASGIApp:
    """Return an endpoint's app without Starlette's care for errors: the middleware takes them all."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer


def _refusal(method: str, path: str, allowed: set[str]) -> ServiceError:
    if not allowed:
        return ServiceError(404, "route_not_found", f"There is no {path} here.")
    listed = ", ".join(sorted(allowed))
    return ServiceError(
        405, "method_not_allowed", f"{path} takes {listed}, not {method}.", headers={"Allow": listed}
    )

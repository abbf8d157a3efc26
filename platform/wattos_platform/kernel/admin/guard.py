"""The guard of /admin/*: the operator token of this platform, or 401."""

import hmac

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from wattos_platform.kernel.errors import ServiceError


def guarded(route: BaseRoute, token: str) -> BaseRoute:
    """Return `route`, which from now on answers only to `token`; to nobody if it is empty."""
    if isinstance(route, Route):
        route.app = _OperatorOnly(route.app, token)
    return route


class _OperatorOnly:
    """Lets a request pass that bears the operator token; 401 for any other, for all if none is set."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not self._expected or not hmac.compare_digest(given, self._expected):
            raise ServiceError(
                401,
                "operator_token_required",
                "/admin answers only to the operator token of this platform (Authorization: Bearer).",
                headers={"WWW-Authenticate": "Bearer"},
            )
        await self._app(scope, receive, send)

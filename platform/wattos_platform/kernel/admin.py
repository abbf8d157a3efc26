"""/admin/*: how an operator steers one replica; only on the operations listener, only with its token."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.logging import LEVELS
from wattos_platform.kernel.requests import parse
from wattos_platform.kernel.runtime import Runtime

Endpoint = Callable[[Request], Awaitable[Response]]


class LogLevel(BaseModel):
    """A new least level of the log."""

    model_config = ConfigDict(extra="forbid")

    level: str = Field(pattern=f"^({'|'.join(LEVELS)})$")


def admin_routes(runtime: Runtime, own: Sequence[BaseRoute]) -> list[BaseRoute]:
    """Return the admin routes of the kernel and those of the service, all behind the operator token."""

    async def log_level(request: Request) -> Response:
        if request.method == "PUT":
            runtime.sink.level = LEVELS[(await parse(request, LogLevel)).level]
            name = _level_name(runtime.sink.level)
            runtime.log.warning("log_level.changed", message=f"The log level is now {name}.", new_level=name)
        return _json({"level": _level_name(runtime.sink.level)})

    async def config(_request: Request) -> Response:
        return _json({name: _shown(value) for name, value in runtime.settings.model_dump().items()})

    async def drain(_request: Request) -> Response:
        runtime.health.draining = True
        runtime.log.warning("drain.started", message="Readiness is 503 from now on.")
        return _json({"draining": True})

    kernel: list[BaseRoute] = [
        Route("/admin/log-level", log_level, methods=["GET", "PUT"]),
        Route("/admin/config", config),
        Route("/admin/drain", drain, methods=["POST"]),
    ]
    return [_guarded(route, runtime.operator_token) for route in [*kernel, *own]]


def _guarded(route: BaseRoute, token: str) -> BaseRoute:
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


def _level_name(level: int) -> str:
    return next(name for name, value in LEVELS.items() if value == level)


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "[set]" if value.get_secret_value() else None
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")

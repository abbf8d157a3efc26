"""The kernel's own admin routes, put together with those of the service."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.kernel.admin.answers import admin_answer
from wattos_platform.kernel.admin.breakers import BreakerEndpoints
from wattos_platform.kernel.admin.caches import CacheEndpoints
from wattos_platform.kernel.admin.guard import guarded
from wattos_platform.kernel.logging import LEVELS
from wattos_platform.kernel.requests import parse
from wattos_platform.kernel.resilience.breaker_control import BreakerControl
from wattos_platform.kernel.runtime import Runtime


class LogLevel(BaseModel):
    """A new least level of the log."""

    model_config = ConfigDict(extra="forbid")

    level: str = Field(pattern=f"^({'|'.join(LEVELS)})$")


def admin_routes(runtime: Runtime, control: BreakerControl, own: Sequence[BaseRoute]) -> list[BaseRoute]:
    """Return the admin routes of the kernel and those of the service, all behind the operator token."""

    async def log_level(request: Request) -> Response:
        if request.method == "PUT":
            runtime.sink.level = LEVELS[(await parse(request, LogLevel)).level]
            name = _level_name(runtime.sink.level)
            runtime.log.warning("log_level.changed", message=f"The log level is now {name}.", new_level=name)
        return admin_answer({"level": _level_name(runtime.sink.level)})

    async def config(_request: Request) -> Response:
        return admin_answer({name: _shown(value) for name, value in runtime.settings.model_dump().items()})

    async def drain(_request: Request) -> Response:
        runtime.health.draining = True
        runtime.log.warning("drain.started", message="Readiness is 503 from now on.")
        return admin_answer({"draining": True})

    kernel: list[BaseRoute] = [
        Route("/admin/log-level", log_level, methods=["GET", "PUT"]),
        Route("/admin/config", config),
        Route("/admin/drain", drain, methods=["POST"]),
        *BreakerEndpoints(runtime.breakers, control, runtime.clock).routes(),
        *CacheEndpoints(runtime.caches, runtime.log).routes(),
    ]
    return [guarded(route, runtime.operator_token) for route in [*kernel, *own]]


def _level_name(level: int) -> str:
    return next(name for name, value in LEVELS.items() if value == level)


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "[set]" if value.get_secret_value() else None
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)

"""`build_service` makes a complete service from its spec; a service repeats nothing of what stands here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from wattos_platform import __version__
from wattos_platform.catalog import service as catalog_service
from wattos_platform.kernel.admin import admin_routes
from wattos_platform.kernel.db.migrate import versions_folder
from wattos_platform.kernel.db.readiness import DatabaseCheck, refused_writes
from wattos_platform.kernel.dispatch import Dispatcher
from wattos_platform.kernel.error_shapes import ErrorShape
from wattos_platform.kernel.exchange import AnswerHeaders
from wattos_platform.kernel.health import Check
from wattos_platform.kernel.middleware import Middleware, OnAnswered
from wattos_platform.kernel.probes import probe_routes
from wattos_platform.kernel.resilience.breaker_control import BreakerControl
from wattos_platform.kernel.resilience.forced_open import forced_open_checks
from wattos_platform.kernel.runtime import Runtime

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """What is a service's own: routes, background work, limits.

    `lifespan` is entered in order before the first request and left in reverse. `admin_routes` answer on
    the operations listener only. `error_shapes` gives the shape of errors by path prefix. `identity_required`
    is False for a service that authenticates its callers itself. `body_limit` gives the largest body in
    bytes for (method, path). `kpi` adds a service's own figures to /health/kpi. `answer_headers` gives what
    every answer bears, errors included; `on_answered` is told of each request that was answered, with its
    duration in seconds, and must not wait. Both concern the service's own port, `on_answered` no probes.
    """

    routes: Sequence[BaseRoute]
    lifespan: Sequence[Lifespan] = ()
    admin_routes: Sequence[BaseRoute] = ()
    error_shapes: Mapping[str, ErrorShape] = field(default_factory=dict)
    identity_required: bool = True
    body_limit: Callable[[str, str], int] | None = None
    kpi: Callable[[], Awaitable[dict[str, Any]]] | None = None
    answer_headers: AnswerHeaders | None = None
    on_answered: OnAnswered | None = None


class ServiceApp:
    """The ASGI app of one service: its routes, and its life from start to drain."""

    def __init__(
        self, runtime: Runtime, spec: ServiceSpec, middleware: Middleware, control: BreakerControl
    ) -> None:
        self.runtime = runtime
        self._spec = spec
        self._middleware = middleware
        self._control = control

    async def idle(self) -> None:
        """Return once no request is being answered on the service's own port."""
        await self._middleware.idle.wait()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one ASGI scope; WebSockets are refused."""
        if scope["type"] == "http":
            return self._middleware(scope, receive, send)
        if scope["type"] == "lifespan":
            return self._run_lifespan(receive, send)
        return send({"type": "websocket.close", "code": 1003})

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Run the service's background work and its health checks for as long as the block lasts."""
        runtime = self.runtime
        async with AsyncExitStack() as stack:
            if runtime.redis is not None:
                stack.push_async_callback(runtime.redis.close)
            if runtime.database is not None:
                stack.push_async_callback(runtime.database.close)
            stack.push_async_callback(runtime.hops.close)
            await stack.enter_async_context(self._control.following())
            for part in self._spec.lifespan:
                await stack.enter_async_context(part())
            await runtime.health.start()
            stack.push_async_callback(runtime.health.stop)
            runtime.log.info("service.started", message=f"{runtime.service.name} {__version__} started.")
            yield
            runtime.log.info("service.stopped", message=f"{runtime.service.name} stopped.")

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            self.runtime.log.critical("service.failed", message="The service could not run.", exc_info=error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def build_service(runtime: Runtime, spec: ServiceSpec) -> ServiceApp:
    """Return the complete service: its routes plus probes, metrics, admin API, and the middleware around."""
    limit = runtime.settings.body_limit_bytes
    probes = probe_routes(runtime, spec.kpi)
    control = _breaker_control(runtime)
    _add_checks(runtime)
    runtime.metrics.gauge("build_info", version=__version__).set(1)
    runtime.metrics.gauge("process_start_time_seconds").set(runtime.clock())
    runtime.sink.on_line = lambda level: runtime.metrics.counter("log_lines_total", level=level).inc()
    middleware = Middleware(
        runtime,
        Dispatcher([*probes, *spec.routes]),
        Dispatcher([*probes, *admin_routes(runtime, control, spec.admin_routes)]),
        error_shapes=spec.error_shapes,
        identity_required=spec.identity_required,
        body_limit=spec.body_limit or (lambda _method, _path: limit),
        answer_headers=spec.answer_headers,
        on_answered=spec.on_answered,
    )
    return ServiceApp(runtime, spec, middleware, control)


def _breaker_control(runtime: Runtime) -> BreakerControl:
    """Return what steers the breakers, of which those towards siblings can be seen before the first call."""
    for dep in runtime.service.depends_on:
        runtime.breakers.declare(f"hop:{dep.name}", runtime.breakers.settings.nearby())
    return BreakerControl(
        runtime.breakers,
        runtime.shared.trip_board,
        service=runtime.service.name,
        log=runtime.log,
        wall_clock=runtime.clock,
    )


def _add_checks(runtime: Runtime) -> None:
    """Check what the catalog says the service depends on; of a sibling only whether it is alive."""
    runtime.health.refused = lambda: {
        **refused_writes(runtime.breakers),
        **forced_open_checks(runtime.breakers),
    }
    if runtime.database is not None:
        check = DatabaseCheck(runtime.service.name, runtime.database, versions_folder(runtime.service))
        runtime.health.add(Check("database", check.ping, critical=True))
    if runtime.redis is not None:
        runtime.health.add(Check("redis", runtime.redis.ping))
    for dep in runtime.service.depends_on:
        runtime.health.add(
            Check(catalog_service(dep.name).name, _liveness(runtime, dep.name), critical=dep.critical)
        )


def _liveness(runtime: Runtime, name: str) -> Callable[[], Awaitable[str | None]]:
    async def ping() -> str | None:
        await runtime.hops.ping(name)
        return None

    return ping

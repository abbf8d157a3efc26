"""A Runtime for tests: real metrics, health, log sink and signer; hops and database as a test gives them."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wattos_platform.catalog import service as catalog_service
from wattos_platform.contracts.identity import IDENTITY_HEADER, Identity
from wattos_platform.contracts.metrics import families_of
from wattos_platform.contracts.settings import Settings
from wattos_platform.kernel.health import HealthMonitor
from wattos_platform.kernel.identity import IdentitySigner
from wattos_platform.kernel.logging import LogSink, make_logger
from wattos_platform.kernel.metrics import Metrics
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.resilience.concurrency_registry import ConcurrencyLimits
from wattos_platform.kernel.resilience.degrade import Degradations
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.sharing import open_shared

IDENTITY_KEY = b"test-identity-key-of-thirty-two-bytes!"
OPERATOR_TOKEN = "test-operator-token"


class FakeHops:
    """Hops to fakes by service name; a sibling that has no fake is down."""

    def __init__(self, hops: Mapping[str, Any]) -> None:
        self._hops = hops

    def to(self, name: str) -> Any:
        return self._hops[name]

    async def ping(self, name: str) -> None:
        if name not in self._hops:
            raise ConnectionError(f"{name} refused the connection")

    async def close(self) -> None:
        """Hold nothing, close nothing."""


def make_runtime(
    name: str,
    tmp_path: Path,
    *,
    hops: Mapping[str, Any] | None = None,
    database: Any = None,
    environ: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    lines: list[bytes] | None = None,
    breakers: Any = None,
    redis: RedisClient | None = None,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> Runtime:
    """Return a Runtime of service `name` whose files are under `tmp_path`, its log lines in `lines`."""
    environ = {"WATTOS_DATA_DIR": str(tmp_path), "WATTOS_RUN_DIR": str(tmp_path), **(environ or {})}
    sink = LogSink(name, "debug", write=(lines if lines is not None else []).append)
    settings, log = Settings.from_environ(environ), make_logger(sink)
    metrics = Metrics(name, families_of(name, settings.metric_switches))
    return Runtime(
        service=catalog_service(name),
        settings=settings,
        environ=environ,
        metrics=metrics,
        sink=sink,
        log=log,
        health=HealthMonitor(log=log),
        breakers=breakers or BreakerRegistry(BreakerSettings(), clock=time.monotonic),
        concurrency=ConcurrencyLimits(meter=metrics),
        degradations=Degradations(meter=metrics, log=log, monotonic=time.monotonic),
        hops=FakeHops(hops or {}),
        database=database,
        signer=IdentitySigner(IDENTITY_KEY, name),
        operator_token=OPERATOR_TOKEN,
        shared=open_shared(name, settings, redis, meter=metrics, log=log, clock=clock, monotonic=monotonic),
        redis=redis,
        clock=clock,
        monotonic=monotonic,
        config=config or {},
    )


def identity_headers(
    audience: str, tenant: str = "tenant-a", user: str = "user-1", roles: tuple[str, ...] = ("editor",)
) -> dict[str, str]:
    """Return the header with which the gateway calls `audience` on behalf of that caller.

    Signed an hour ahead: modules make theirs once, and a suite takes longer than an identity lives.
    """
    token = IdentitySigner(IDENTITY_KEY, "gateway", lambda: time.time() + 3600).sign(
        Identity(tenant, user, roles), audience
    )
    return {IDENTITY_HEADER: token}

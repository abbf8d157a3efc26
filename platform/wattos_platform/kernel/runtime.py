"""Everything a service is given: `create_app(runtime)` takes its dependencies from here and nowhere else."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wattos_platform.catalog import Service
from wattos_platform.contracts.settings import Settings
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.health import HealthMonitor
from wattos_platform.kernel.hops import Hops
from wattos_platform.kernel.identity import IdentitySigner
from wattos_platform.kernel.logging import LogSink
from wattos_platform.kernel.metrics import Metrics
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.resilience.breaker import BreakerRegistry
from wattos_platform.kernel.resilience.cache import STORE_TIMEOUT_S, Cache
from wattos_platform.kernel.resilience.concurrency_registry import ConcurrencyLimits
from wattos_platform.kernel.resilience.degrade import Degradations
from wattos_platform.kernel.resilience.limiter import RateLimiter
from wattos_platform.kernel.resilience.slots import Slots
from wattos_platform.kernel.sharing import Shared
from wattos_platform.kernel.telemetry import Log


@dataclass(slots=True)
class Runtime:
    """The parts of one service process. `environ` is for provider keys, whose names configuration gives.

    `redis` is None unless REDIS_URL is set; `shared` works with and without it. `caches` are those that were
    made so far, by name.
    """

    service: Service
    settings: Settings
    environ: Mapping[str, str]
    metrics: Metrics
    sink: LogSink
    log: Log
    health: HealthMonitor
    breakers: BreakerRegistry
    concurrency: ConcurrencyLimits
    degradations: Degradations
    hops: Hops
    database: Database | None
    signer: IdentitySigner | None
    operator_token: str
    shared: Shared
    redis: RedisClient | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    caches: dict[str, Cache] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    started_at: float = field(default_factory=time.monotonic)

    @property
    def replica(self) -> int:
        """Return the number of this replica, from 0."""
        return self.settings.replica

    def require_database(self) -> Database:
        """Return the database; ValueError for a service to which the catalog gives none."""
        if self.database is None:
            raise ValueError(f"{self.service.name} needs a database")
        return self.database

    @property
    def limiter(self) -> RateLimiter:
        """Return the rate limiter that all replicas of this service share, as far as they share anything."""
        return self.shared.limiter

    @property
    def slots(self) -> Slots:
        """Return the places, such as for concurrent streams, that they share."""
        return self.shared.slots

    def cache(self, name: str, default_ttl_s: float) -> Cache:
        """Return a cache of what lives `default_ttl_s` seconds, unless CACHE_DEFAULT_TTL says how long.

        CACHE_ENABLED=false makes it one that keeps nothing. Close it at the end.
        """
        settings = self.settings
        cache = self.caches[name] = Cache(
            name,
            self.shared.cache_store,
            clock=self.clock,
            default_ttl_s=default_ttl_s if settings.cache_ttl_s is None else settings.cache_ttl_s,
            # Redis has its own time-out, after which memory must still have its turn.
            timeout_s=STORE_TIMEOUT_S + settings.redis_timeout_ms / 1000,
            meter=self.metrics,
            log=self.log,
        )
        return cache

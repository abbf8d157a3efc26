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
from wattos_platform.kernel.resilience.concurrency_registry import ConcurrencyLimits


@dataclass(slots=True)
class Runtime:
    """The parts of one service process. `environ` is for provider keys, whose names configuration gives.

    `redis` is None unless REDIS_URL is set.
    """

    service: Service
    settings: Settings
    environ: Mapping[str, str]
    metrics: Metrics
    sink: LogSink
    log: Any
    health: HealthMonitor
    breakers: BreakerRegistry
    concurrency: ConcurrencyLimits
    hops: Hops
    database: Database | None
    signer: IdentitySigner | None
    operator_token: str
    redis: RedisClient | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    started_at: float = field(default_factory=time.monotonic)

    @property
    def replica(self) -> int:
        """Return the number of this replica, from 0."""
        return self.settings.replica

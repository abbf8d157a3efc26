"""Clients as a service opens them, for tests that need no whole service."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fakes.meter import FakeLog, FakeMeter
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.connection import open_redis
from wattos_platform.kernel.redis.outage import Outage
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings


@asynccontextmanager
async def redis_client(
    url: str,
    *,
    timeout_s: float = 5.0,
    meter: FakeMeter | None = None,
    log: FakeLog | None = None,
    breakers: BreakerRegistry | None = None,
) -> AsyncIterator[RedisClient]:
    """Yield a client of the Redis at `url`; patient by default, since a loaded machine is no outage."""
    client = open_redis(
        url,
        breakers=breakers or BreakerRegistry(BreakerSettings(), clock=time.monotonic),
        outage=Outage(meter or FakeMeter(), log or FakeLog(), time.monotonic),
        timeout_s=timeout_s,
    )
    try:
        yield client
    finally:
        await client.close()

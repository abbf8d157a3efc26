"""Clients as a service opens them, for tests that need no whole service."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fakes.kernel.meter import FakeLog, FakeMeter
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.connection import open_redis
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.resilience.degrade import Degradations


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
    log = log or FakeLog()
    degradations = Degradations(meter=meter or FakeMeter(), log=log, monotonic=time.monotonic)
    client = open_redis(
        url,
        breakers=breakers or BreakerRegistry(BreakerSettings(), clock=time.monotonic),
        degradation=degradations.of("redis", "Limits and caches go on in this process alone."),
        log=log,
        timeout_s=timeout_s,
    )
    try:
        yield client
    finally:
        await client.close()


async def answered(client: RedisClient) -> None:
    """Return once Redis serves again, as a caller that goes on trying would see it."""
    async with asyncio.timeout(30):
        while not await _answers(client):
            await asyncio.sleep(0.02)


async def _answers(client: RedisClient) -> bool:
    try:
        await client.execute("PING")
    except RedisUnavailableError:
        return False
    return True

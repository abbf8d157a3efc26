"""Limits, places and cache in a real Redis do what those in memory do: the same contract suites."""

import asyncio
import time

import pytest

from tests.contract.cache_contract import CacheContract
from tests.contract.limiter_contract import Advance, RateLimiterContract
from tests.contract.slots_contract import HOUR_S, SlotsContract, taken
from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeMeter
from tests.fakes.redis.clients import redis_client
from tests.fakes.redis.server import RedisServer
from tests.fakes.redis.time import age
from wattos_platform.kernel.redis.cache_store import MAX_VALUE_BYTES, RedisStore
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.fallback import FallbackLimiter, FallbackSlots, FallbackStore
from wattos_platform.kernel.redis.limiter import RedisLimiter
from wattos_platform.kernel.redis.slots import RedisSlots
from wattos_platform.kernel.resilience.cache import MISS, Cache
from wattos_platform.kernel.resilience.cache_store import CacheStore, MemoryStore
from wattos_platform.kernel.resilience.limiter import Limiter
from wattos_platform.kernel.resilience.rate_limits import Limit, RateLimiter, Want
from wattos_platform.kernel.resilience.slots import MemorySlots, Slots


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time())


@pytest.fixture
def advance(redis: RedisClient, clock: FakeClock) -> Advance:
    async def advance(seconds: float) -> None:
        clock.advance(seconds)
        await age(redis, seconds)

    return advance


class TestLimiter(RateLimiterContract):
    @pytest.fixture
    def limiter(self, redis: RedisClient, meter: FakeMeter) -> RateLimiter:
        return RedisLimiter(redis, "gateway", meter=meter)


class TestLimiterWithFallback(RateLimiterContract):
    @pytest.fixture
    def limiter(self, redis: RedisClient, meter: FakeMeter) -> RateLimiter:
        return FallbackLimiter(RedisLimiter(redis, "gateway", meter=meter), Limiter(FakeClock()))


class TestSlots(SlotsContract):
    @pytest.fixture
    def slots(self, redis: RedisClient) -> Slots:
        return FallbackSlots(RedisSlots(redis, "gateway"), MemorySlots(FakeClock()))


class TestStore(CacheContract):
    @pytest.fixture
    def store(self, redis: RedisClient, clock: FakeClock) -> CacheStore:
        return FallbackStore(RedisStore(redis, "rag"), lambda: MemoryStore(clock))


async def test_services_do_not_share_with_each_other(redis: RedisClient) -> None:
    limit = Limit("user", 1, 3600)
    limiters = [RedisLimiter(redis, name) for name in ("gateway", "rag", "gateway")]
    assert [(await one.acquire([Want("u", limit)])).allowed for one in limiters] == [True, True, False]
    slots = [RedisSlots(redis, name) for name in ("gateway", "rag", "gateway")]
    assert [len(await taken(one, "u", 1, 1)) for one in slots] == [1, 1, 0]
    gateway, rag, again = (RedisStore(redis, name) for name in ("gateway", "rag", "gateway"))
    await gateway.set("k", b"v", 100)
    assert [await store.get("k") for store in (rag, again)] == [None, b"v"]


async def test_every_key_ends_by_itself_and_names_nobody(redis: RedisClient) -> None:
    wants = [Want("ada@school.example", Limit("user" * 1000, 10, 3600)), Want("10.0.0.1", Limit("ip", 1, 60))]
    limiter = RedisLimiter(redis, "gateway")
    await limiter.acquire(wants)
    await limiter.settle([wants[0]], 5)
    await RedisSlots(redis, "gateway").take("ada@school.example" * 100, 3, 60)
    await Cache("answers", RedisStore(redis, "gateway"), clock=time.time).set("ns", "k", 1)
    keys: list[bytes] = await redis.execute("KEYS", "*")
    assert len(keys) == 5
    assert [key for key in keys if len(key) > 150 or b"ada" in key or b"10.0" in key] == []
    ends = [await redis.execute("PTTL", key) for key in keys]
    assert [key for key, end in zip(keys, ends, strict=True) if end <= 0] == []


async def test_what_is_given_back_leaves_nothing(redis: RedisClient) -> None:
    limiter, slots = RedisLimiter(redis, "gateway"), RedisSlots(redis, "gateway")
    want = Want("u", Limit("user", 10, 3600), 4)
    await limiter.acquire([want])
    await limiter.settle([want], 0)
    for lease in await taken(slots, "u", 3, 3):
        await slots.release(lease)
    assert await redis.execute("DBSIZE") == 0


async def test_a_key_that_somebody_spoilt_counts_as_a_full_bucket(redis: RedisClient) -> None:
    limiter, want = RedisLimiter(redis, "gateway"), Want("u", Limit("user", 1, 3600))
    await limiter.acquire([want])
    (key,) = await redis.execute("KEYS", "*")
    await redis.execute("SET", key, "rubbish")
    assert [(await limiter.acquire([want])).allowed for _ in range(2)] == [True, False]


async def test_a_value_too_large_to_share_a_round_trip_is_not_kept(redis: RedisClient) -> None:
    store = RedisStore(redis, "rag")
    await store.set("k", b"small", 100)
    await store.set("k", b"x" * (MAX_VALUE_BYTES + 1), 100)
    assert await store.get("k") is None


async def test_leases_of_a_process_that_crashed_end_by_themselves(shared_redis: RedisServer) -> None:
    async with redis_client(shared_redis.url) as crashed:
        assert len(await taken(RedisSlots(crashed, "gateway"), "crash", 3, 3)) == 3
    async with redis_client(shared_redis.url) as client:
        slots = RedisSlots(client, "gateway")
        assert await taken(slots, "crash", 3, 1) == []
        await age(client, HOUR_S)
        assert len(await taken(slots, "crash", 3, 5)) == 3


@pytest.mark.parametrize("_", [pytest.param(0, id="defect-48-defect-49")])
async def test_invalidating_walks_over_nothing_and_flushes_nothing(redis: RedisClient, _: int) -> None:
    cache = Cache("answers", RedisStore(redis, "rag"), clock=time.time, timeout_s=10)
    for tenant in ("tenant-a", "tenant-b"):
        await cache.set(tenant, "k", tenant)
    await redis.execute("SET", "of-somebody-else", "x")
    await redis.execute("CONFIG", "RESETSTAT")
    await cache.invalidate("tenant-a")
    used = set(await redis.execute("INFO", "commandstats"))
    assert used == {"cmdstat_set", "cmdstat_config|resetstat"}
    assert await cache.get("tenant-a", "k") is MISS
    assert await cache.get("tenant-b", "k") == "tenant-b"
    assert await redis.execute("GET", "of-somebody-else") == b"x"


@pytest.mark.parametrize("callers", [pytest.param(100, id="defect-50-stampede")])
async def test_a_crowd_makes_once_what_all_replicas_then_have(redis: RedisClient, callers: int) -> None:
    made: list[int] = []

    async def make() -> None:
        made.append(1)

    first, second = (Cache("a", RedisStore(redis, "rag"), clock=time.time, timeout_s=10) for _ in range(2))
    answers = await asyncio.gather(*(first.get_or_set("ns", "k", make) for _ in range(callers)))
    assert answers == [None] * callers
    assert await second.get_or_set("ns", "k", make) is None
    assert len(made) == 1

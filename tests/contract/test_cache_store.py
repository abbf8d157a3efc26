"""What every cache store must do, and the cache over stores that fail."""

import asyncio

import pytest

from tests.contract.cache_contract import CacheContract
from tests.fakes.kernel.meter import FakeLog
from tests.fakes.kernel.shared_store import DownStore
from wattos_platform.kernel.redis.fallback import FallbackStore
from wattos_platform.kernel.resilience.cache import MISS, Cache, MemoryStore, cache_key
from wattos_platform.kernel.resilience.cache_store import NullStore


class DictStore:
    """The plainest store, to show that the contract asks for no more than it says."""

    def __init__(self, clock):
        self.entries = {}
        self._clock = clock

    async def get(self, key):
        until, value = self.entries.get(key, (0, None))
        return value if self._clock() < until else None

    async def set(self, key, value, ttl_s):
        self.entries[key] = (self._clock() + ttl_s, value)

    async def add(self, key, value, ttl_s):
        found = await self.get(key)
        if found is None:
            await self.set(key, value, ttl_s)
        return value if found is None else found

    async def delete(self, key):
        self.entries.pop(key, None)


class BrokenStore(DictStore):
    """Raises, or hangs, when told to."""

    def __init__(self, clock):
        super().__init__(clock)
        self.mode = "up"

    async def _fail(self):
        if self.mode == "raise":
            raise ConnectionError("redis is down")
        if self.mode == "hang":
            await asyncio.sleep(60)

    async def get(self, key):
        await self._fail()
        return await super().get(key)

    async def set(self, key, value, ttl_s):
        await self._fail()
        await super().set(key, value, ttl_s)


@pytest.fixture
def advance(clock):
    async def advance(seconds):
        clock.advance(seconds)

    return advance


class TestMemory(CacheContract):
    @pytest.fixture
    def store(self, clock):
        return MemoryStore(clock)


class TestDict(CacheContract):
    @pytest.fixture
    def store(self, clock):
        return DictStore(clock)


class TestFallbackDuringAnOutage(CacheContract):
    @pytest.fixture
    def store(self, clock):
        return FallbackStore(DownStore(MemoryStore(clock)), lambda: MemoryStore(clock))


class TestFallbackWithoutAnOutage(CacheContract):
    @pytest.fixture
    def store(self, clock):
        shared = DownStore(MemoryStore(clock))
        shared.is_down = False
        return FallbackStore(shared, lambda: MemoryStore(clock))


async def test_each_outage_begins_with_an_empty_store(clock):
    shared = DownStore(MemoryStore(clock))
    store = FallbackStore(shared, lambda: MemoryStore(clock))
    await store.set("k", b"first outage", 100)
    assert await store.get("k") == b"first outage"
    shared.is_down = False
    assert await store.get("k") is None
    await store.set("k", b"shared", 100)
    shared.is_down = True
    assert await store.get("k") is None
    shared.is_down = False
    assert await store.get("k") == b"shared"


async def test_a_cache_that_is_switched_off_keeps_nothing(clock):
    cache = Cache("answers", NullStore(), clock=clock)
    made = []

    async def make():
        made.append(1)
        return len(made)

    assert [await cache.get_or_set("ns", "k", make) for _ in range(2)] == [1, 2]
    await cache.set("ns", "k", 1)
    await cache.delete("ns", "k")
    await cache.invalidate("ns")
    assert await cache.get("ns", "k") is MISS


@pytest.mark.parametrize(
    "mode", [pytest.param("raise", id="defect-50-down"), pytest.param("hang", id="defect-50-hang")]
)
async def test_a_store_that_is_down_costs_little_and_comes_back(clock, meter, mode):
    store, log = BrokenStore(clock), FakeLog()
    cache = Cache("answers", store, clock=clock, meter=meter, log=log)
    store.mode = mode

    async def make():
        return "made"

    async with asyncio.timeout(5):
        assert await cache.get("ns", "k") is MISS
        assert await cache.get_or_set("ns", "k", make) == "made"
        await cache.set("ns", "k", 1)
        assert await cache.invalidate("ns") is False
    assert meter.total("cache_operations_total", cache="answers", result="error") > 0
    assert [event for _, event, _ in log.events] == ["cache.failed"]

    store.mode = "up"
    await cache.set("ns", "k", 1)
    assert await cache.get("ns", "k") == 1
    store.mode = mode
    assert await cache.get("ns", "k") is MISS
    assert [event for _, event, _ in log.events] == ["cache.failed"] * 2


async def test_memory_is_bounded_in_entries_and_bytes(clock):
    store = MemoryStore(clock, max_entries=3, max_bytes=100)
    for key in "abc":
        await store.set(key, b"x", 10)
    await store.get("a")
    await store.set("d", b"x", 10)
    assert await store.get("b") is None
    assert await store.get("a") == b"x"
    await store.set("big", b"x" * 90, 10)
    assert store.size_bytes <= 100
    await store.set("too big", b"x" * 101, 10)
    assert await store.get("too big") is None
    assert len(store) <= 3


@pytest.mark.parametrize(
    "other",
    [
        {"query": "Q", "tenant": "b", "filters": {"x": 1}},
        {"query": "Q", "tenant": "a", "filters": {"x": 2}},
        {"query": "q", "tenant": "a", "filters": {"x": 1}},
    ],
    ids=["defect-51-tenant", "defect-51-filters", "defect-51-query"],
)
def test_keys_differ_in_every_part_and_show_none_of_it(other):
    key = cache_key(query="Q", tenant="a", filters={"x": 1})
    assert key != cache_key(**other)
    assert key == cache_key(filters={"x": 1}, tenant="a", query="Q")
    assert len(key) == 64

"""What every cache store must do, and the cache over stores that fail."""

import asyncio

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeLog, FakeMeter
from wattos_platform.kernel.resilience.cache import MISS, Cache, MemoryStore, cache_key


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
def clock():
    return FakeClock()


@pytest.fixture
def meter():
    return FakeMeter()


@pytest.fixture(params=[MemoryStore, DictStore])
def store(request, clock):
    return request.param(clock)


@pytest.fixture
async def cache(store, clock, meter):
    made = Cache("answers", store, clock=clock, default_ttl_s=60, meter=meter)
    yield made
    await made.close()


async def test_a_store_gives_back_what_is_not_expired(store, clock):
    await store.set("k", b"v", 10)
    assert await store.get("k") == b"v"
    clock.advance(10)
    assert await store.get("k") is None
    await store.set("k", b"v", 10)
    await store.delete("k")
    await store.delete("k")
    assert await store.get("k") is None


async def test_get_set_delete(cache, clock, meter):
    assert await cache.get("ns", "k") is MISS
    await cache.set("ns", "k", {"a": [1]})
    assert await cache.get("ns", "k") == {"a": [1]}
    clock.advance(60)
    assert await cache.get("ns", "k") is MISS
    await cache.set("ns", "k", 1, ttl_s=5)
    await cache.delete("ns", "k")
    assert await cache.get("ns", "k") is MISS
    assert meter.total("cache_operations_total", cache="answers", result="hit") == 1
    assert meter.total("cache_operations_total", cache="answers", result="miss") == 3
    assert meter.total("cache_operations_total", cache="answers", result="set") == 2


@pytest.mark.parametrize("value", [pytest.param(None, id="defect-50-null"), 0, "", [], False])
async def test_empty_values_are_values(cache, value):
    made = []

    async def make():
        made.append(1)
        return value

    assert await cache.get_or_set("ns", "k", make) == value
    assert await cache.get_or_set("ns", "k", make) == value
    assert len(made) == 1


async def test_what_a_caller_changes_is_not_changed_in_the_cache(cache):
    value = {"list": [1]}
    await cache.set("ns", "k", value)
    value["list"].append(2)
    (await cache.get("ns", "k"))["list"].append(3)
    assert await cache.get("ns", "k") == {"list": [1]}


@pytest.mark.parametrize("_", [pytest.param(0, id="defect-48-49")])
async def test_invalidating_a_namespace_leaves_the_others(cache, store, _):
    await cache.set("tenant-a", "k", 1)
    await cache.set("tenant-b", "k", 2)
    await store.set("of somebody else", b"x", 100)
    await cache.invalidate("tenant-a")
    assert await cache.get("tenant-a", "k") is MISS
    assert await cache.get("tenant-b", "k") == 2
    assert await store.get("of somebody else") == b"x"


async def test_a_lost_version_does_not_bring_old_entries_back(cache, store):
    await cache.set("ns", "k", "old")
    await cache.invalidate("ns")
    await store.delete("version:ns")
    assert await cache.get("ns", "k") is MISS


@pytest.mark.parametrize("callers", [pytest.param(100, id="defect-50-stampede")])
async def test_many_callers_share_one_making(cache, callers):
    made = []
    gate = asyncio.Event()

    async def make():
        made.append(1)
        await gate.wait()
        return "v"

    tasks = [asyncio.create_task(cache.get_or_set("ns", "k", make)) for _ in range(callers)]
    await asyncio.sleep(0.01)
    gate.set()
    assert await asyncio.gather(*tasks) == ["v"] * callers
    assert len(made) == 1


async def test_a_cancelled_caller_does_not_cancel_the_others(cache):
    gate = asyncio.Event()

    async def make():
        await gate.wait()
        return "v"

    first, second = (asyncio.create_task(cache.get_or_set("ns", "k", make)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await second == "v"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_when_all_callers_are_cancelled_the_work_ends_and_the_next_begins_anew(cache):
    ended = asyncio.Event()

    async def hang():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def make():
        return "new"

    task = asyncio.create_task(cache.get_or_set("ns", "k", hang))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0)
    assert await cache.get_or_set("ns", "k", make) == "new"
    await asyncio.wait_for(ended.wait(), 1)


async def test_a_failure_reaches_every_caller_and_is_not_cached(cache):
    async def fail():
        await asyncio.sleep(0)
        raise LookupError("no")

    async def make():
        return 1

    results = await asyncio.gather(
        *(cache.get_or_set("ns", "k", fail) for _ in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [LookupError] * 3
    assert await cache.get_or_set("ns", "k", make) == 1


async def test_a_stale_value_is_answered_while_one_refresh_runs(cache, clock, meter):
    made = []

    async def make():
        made.append(1)
        return len(made)

    async def ask():
        return await cache.get_or_set("ns", "k", make, ttl_s=10, stale_s=100)

    assert await ask() == 1
    clock.advance(50)
    assert [await ask(), await ask()] == [1, 1]
    await asyncio.sleep(0.01)
    assert (await ask(), len(made)) == (2, 2)
    clock.advance(200)
    assert await ask() == 3
    assert meter.total("cache_operations_total", cache="answers", result="stale") == 2


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
        await cache.invalidate("ns")
    assert meter.total("cache_operations_total", cache="answers", result="error") > 0
    assert {event for _, event, _ in log.events} == {"cache.failed"}

    store.mode = "up"
    await cache.set("ns", "k", 1)
    assert await cache.get("ns", "k") == 1


async def test_a_damaged_entry_is_a_miss(cache, store):
    await cache.set("ns", "k", 1)
    version = (await store.get("version:ns")).decode()
    for damaged in (b"", b"12345678{"):
        await store.set(f"answers:ns:{version}:k", damaged, 100)
        assert await cache.get("ns", "k") is MISS


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

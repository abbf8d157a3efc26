"""What every CacheStore must do, and the Cache in front of it with any of them.

Who runs it gives the fixtures `store`, `clock` and `advance` (seconds, for the store and the clock).
"""

import asyncio

import pytest

from tests.fakes.kernel.meter import FakeMeter
from wattos_platform.kernel.resilience.cache import MISS, Cache


class CacheContract:
    @pytest.fixture
    def meter(self):
        return FakeMeter()

    @pytest.fixture
    async def cache(self, store, clock, meter):
        made = Cache("answers", store, clock=clock, default_ttl_s=60, timeout_s=10, meter=meter)
        yield made
        await made.close()

    async def test_a_store_gives_back_what_is_not_expired(self, store, advance):
        await store.set("k", b"v", 10)
        assert await store.get("k") == b"v"
        await advance(10)
        assert await store.get("k") is None
        await store.set("k", b"v", 10)
        await store.delete("k")
        await store.delete("k")
        assert await store.get("k") is None

    async def test_what_lives_no_time_is_not_there(self, store):
        await store.set("k", b"v", 10)
        await store.set("k", b"w", 0)
        assert await store.get("k") is None

    async def test_the_last_value_and_its_time_count(self, store, advance):
        await store.set("k", b"v", 10)
        await store.set("k", b"", 100)
        await advance(50)
        assert await store.get("k") == b""

    async def test_adding_keeps_what_is_there(self, store, advance):
        assert await store.add("k", b"v", 10) == b"v"
        assert await store.add("k", b"w", 100) == b"v"
        await advance(10)
        assert await store.add("k", b"w", 10) == b"w"
        assert await store.get("k") == b"w"

    async def test_get_set_delete(self, cache, advance, meter):
        assert await cache.get("ns", "k") is MISS
        await cache.set("ns", "k", {"a": [1]})
        assert await cache.get("ns", "k") == {"a": [1]}
        await advance(60)
        assert await cache.get("ns", "k") is MISS
        await cache.set("ns", "k", 1, ttl_s=5)
        await cache.delete("ns", "k")
        assert await cache.get("ns", "k") is MISS
        assert meter.total("cache_operations_total", cache="answers", result="hit") == 1
        assert meter.total("cache_operations_total", cache="answers", result="miss") == 3
        assert meter.total("cache_operations_total", cache="answers", result="set") == 2

    @pytest.mark.parametrize("value", [pytest.param(None, id="defect-50-null"), 0, "", [], False])
    async def test_empty_values_are_values(self, cache, value):
        made = []

        async def make():
            made.append(1)
            return value

        assert await cache.get_or_set("ns", "k", make) == value
        assert await cache.get_or_set("ns", "k", make) == value
        assert len(made) == 1

    async def test_what_a_caller_changes_is_not_changed_in_the_cache(self, cache):
        value = {"list": [1]}
        await cache.set("ns", "k", value)
        value["list"].append(2)
        (await cache.get("ns", "k"))["list"].append(3)
        assert await cache.get("ns", "k") == {"list": [1]}

    @pytest.mark.parametrize("_", [pytest.param(0, id="defect-48-defect-49")])
    async def test_invalidating_a_namespace_leaves_the_others(self, cache, store, _):
        await cache.set("tenant-a", "k", 1)
        await cache.set("tenant-b", "k", 2)
        await store.set("of somebody else", b"x", 100)
        assert await cache.invalidate("tenant-a") is True
        assert await cache.get("tenant-a", "k") is MISS
        assert await cache.get("tenant-b", "k") == 2
        assert await store.get("of somebody else") == b"x"

    async def test_caches_of_one_store_and_one_namespace_are_apart(self, cache, store, clock):
        other = Cache("searches", store, clock=clock, timeout_s=10)
        await cache.set("ns", "k", 1)
        await other.set("ns", "k", 2)
        await cache.invalidate("ns")
        assert (await cache.get("ns", "k"), await other.get("ns", "k")) == (MISS, 2)

    async def test_a_lost_version_does_not_bring_old_entries_back(self, cache, store):
        await cache.set("ns", "k", "old")
        await cache.invalidate("ns")
        await store.delete("version:answers:ns")
        assert await cache.get("ns", "k") is MISS

    @pytest.mark.parametrize("callers", [pytest.param(100, id="defect-50-stampede")])
    async def test_many_callers_share_one_making(self, cache, callers):
        made = []
        begun, gate = asyncio.Event(), asyncio.Event()

        async def make():
            made.append(1)
            begun.set()
            await gate.wait()
            return "v"

        tasks = [asyncio.create_task(cache.get_or_set("ns", "k", make)) for _ in range(callers)]
        await begun.wait()
        gate.set()
        assert await asyncio.gather(*tasks) == ["v"] * callers
        assert len(made) == 1

    async def test_a_cancelled_caller_does_not_cancel_the_others(self, cache):
        begun, gate = asyncio.Event(), asyncio.Event()

        async def make():
            begun.set()
            await gate.wait()
            return "v"

        first, second = (asyncio.create_task(cache.get_or_set("ns", "k", make)) for _ in range(2))
        await begun.wait()
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0)
        gate.set()
        assert await second == "v"
        with pytest.raises(asyncio.CancelledError):
            await first

    async def test_when_all_callers_are_cancelled_the_work_ends_and_the_next_begins_anew(self, cache):
        begun, ended = asyncio.Event(), asyncio.Event()

        async def hang():
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        async def make():
            return "new"

        task = asyncio.create_task(cache.get_or_set("ns", "k", hang))
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert await cache.get_or_set("ns", "k", make) == "new"
        await asyncio.wait_for(ended.wait(), 20)

    async def test_a_failure_reaches_every_caller_and_is_not_cached(self, cache):
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

    async def test_a_stale_value_is_answered_while_one_refresh_runs(self, cache, advance, meter):
        made = []
        gate = asyncio.Event()
        gate.set()

        async def make():
            made.append(1)
            await gate.wait()
            return len(made)

        async def ask():
            return await cache.get_or_set("ns", "k", make, ttl_s=10, stale_s=100)

        assert await ask() == 1
        await advance(50)
        gate.clear()
        assert [await ask(), await ask()] == [1, 1]
        gate.set()
        async with asyncio.timeout(10):
            while await cache.get("ns", "k") is MISS:
                await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert (await ask(), len(made)) == (2, 2)
        await advance(200)
        assert await ask() == 3
        assert meter.total("cache_operations_total", cache="answers", result="stale") == 2

    async def test_a_damaged_entry_is_a_miss(self, cache, store):
        await cache.set("ns", "k", 1)
        version = (await store.get("version:answers:ns")).decode()
        for damaged in (b"", b"12345678{"):
            await store.set(f"answers:ns:{version}:k", damaged, 100)
            assert await cache.get("ns", "k") is MISS

"""The contract of places, in memory and behind the fallback; Redis is in tests/integration."""

import pytest

from tests.contract.slots_contract import HOUR_S, Advance, SlotsContract, taken
from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.shared_store import DownSlots
from wattos_platform.kernel.redis.fallback import FallbackSlots
from wattos_platform.kernel.resilience.slots import MemorySlots, Slots


@pytest.fixture
def advance(clock: FakeClock) -> Advance:
    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    return advance


class TestMemory(SlotsContract):
    @pytest.fixture
    def slots(self, clock: FakeClock) -> Slots:
        return MemorySlots(clock)

    async def test_keys_are_bounded(self, clock: FakeClock) -> None:
        slots = MemorySlots(clock, cap=2)
        for key in "abc":
            await taken(slots, key, 1, 1)
        assert len(await taken(slots, "a", 1, 1)) == 1
        assert await taken(slots, "c", 1, 1) == []


class TestFallbackWithoutAnOutage(SlotsContract):
    @pytest.fixture
    def slots(self, clock: FakeClock) -> Slots:
        shared = DownSlots(MemorySlots(clock))
        shared.is_down = False
        return FallbackSlots(shared, MemorySlots(clock))


async def test_an_outage_counts_places_anew_and_cuts_nobody_off(clock: FakeClock) -> None:
    shared = DownSlots(MemorySlots(clock))
    slots = FallbackSlots(shared, MemorySlots(clock))
    shared.is_down = False
    before, other = await taken(slots, "u", 2, 3)
    shared.is_down = True
    (during,) = await taken(slots, "u", 1, 2)
    assert await slots.renew(before, HOUR_S)
    assert not await slots.release(other)
    shared.is_down = False
    # A lease is renewed and released where it was taken, whatever is up now.
    assert await slots.renew(during, HOUR_S)
    assert await slots.release(during)
    assert await slots.renew(before, HOUR_S)
    assert await taken(slots, "u", 2, 1) == []
    clock.advance(HOUR_S)
    assert len(await taken(slots, "u", 2, 3)) == 2

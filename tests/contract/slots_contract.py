"""What all Slots must do. Who runs it gives the fixtures `slots` and `advance` (seconds).

Leases are held for an hour, so that the moments a real store needs change nothing.
"""

from collections.abc import Awaitable, Callable

import pytest

from wattos_platform.kernel.resilience.slots import Lease, Slots

Advance = Callable[[float], Awaitable[None]]
HOUR_S = 3600.0


async def taken(slots: Slots, key: str, limit: int, times: int) -> list[Lease]:
    """Return the leases that `times` tries got."""
    leases = [await slots.take(key, limit, HOUR_S) for _ in range(times)]
    return [lease for lease in leases if lease is not None]


class SlotsContract:
    async def test_there_are_as_many_places_as_the_limit_says(self, slots: Slots) -> None:
        leases = await taken(slots, "u", 3, 10)
        assert len(leases) == 3
        assert len({lease.id for lease in leases}) == 3
        assert len(await taken(slots, "another", 3, 1)) == 1
        assert await taken(slots, "nobody", 0, 2) == []

    async def test_a_place_that_is_given_back_is_another_s(self, slots: Slots) -> None:
        first, _ = await taken(slots, "u", 2, 2)
        assert await slots.release(first)
        assert len(await taken(slots, "u", 2, 2)) == 1

    async def test_giving_back_twice_frees_one_place(self, slots: Slots) -> None:
        first, second = await taken(slots, "u", 2, 2)
        assert await slots.release(first)
        assert not await slots.release(first)
        assert len(await taken(slots, "u", 2, 3)) == 1
        assert await slots.release(second)

    async def test_a_lease_that_nobody_renews_ends_by_itself(self, slots: Slots, advance: Advance) -> None:
        (lease,) = await taken(slots, "u", 1, 2)
        await advance(HOUR_S - 60)
        assert await taken(slots, "u", 1, 1) == []
        await advance(60)
        assert not await slots.renew(lease, HOUR_S)
        assert len(await taken(slots, "u", 1, 2)) == 1
        assert not await slots.release(lease)
        assert await taken(slots, "u", 1, 1) == []

    async def test_an_ended_lease_cannot_be_given_back(self, slots: Slots, advance: Advance) -> None:
        (lease,) = await taken(slots, "u", 1, 1)
        await advance(HOUR_S)
        assert not await slots.release(lease)

    async def test_a_renewed_lease_is_held_on(self, slots: Slots, advance: Advance) -> None:
        lease, other = await taken(slots, "u", 2, 2)
        for _ in range(5):
            await advance(HOUR_S / 2)
            assert await slots.renew(lease, HOUR_S)
        assert not await slots.renew(other, HOUR_S)
        assert len(await taken(slots, "u", 2, 3)) == 1

    async def test_a_shorter_lease_does_not_shorten_the_others(self, slots: Slots, advance: Advance) -> None:
        (long,) = await taken(slots, "u", 2, 1)
        short = await slots.take("u", 2, 60)
        assert short is not None
        await advance(120)
        assert await slots.renew(long, HOUR_S)
        assert not await slots.renew(short, 60)

    async def test_a_limit_that_was_lowered_lets_nobody_in(self, slots: Slots) -> None:
        assert len(await taken(slots, "u", 3, 3)) == 3
        assert await taken(slots, "u", 2, 1) == []

    @pytest.mark.parametrize("ttl_s", [0.0, -1.0])
    async def test_a_lease_needs_time(self, slots: Slots, ttl_s: float) -> None:
        with pytest.raises(ValueError, match="more than 0 s"):
            await slots.take("u", 1, ttl_s)
        (lease,) = await taken(slots, "u", 1, 1)
        with pytest.raises(ValueError, match="more than 0 s"):
            await slots.renew(lease, ttl_s)

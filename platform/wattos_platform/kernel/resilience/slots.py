"""How many of something may run at once, such as a user's streams: places that are leased for a time."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from wattos_platform.kernel.ids import uuid7

MAX_KEYS = 100_000


class Lease(NamedTuple):
    """One place of `key` that was taken; `id` tells it from the others."""

    key: str
    id: str


class Slots(Protocol):
    """Places per key: the same in memory and, shared by all replicas, in Redis.

    A lease that is neither renewed nor released ends by itself after its time, so that a process that
    crashed holds nothing for long. Times are in seconds.
    """

    async def take(self, key: str, limit: int, ttl_s: float) -> Lease | None:
        """Lease one of `limit` places of `key`; None when all are taken. ValueError unless `ttl_s` > 0."""

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Hold `lease` for `ttl_s` from now; False when it had ended already, its place is another's."""

    async def release(self, lease: Lease) -> bool:
        """Give the place back; False when it was not held any more."""


class MemorySlots:
    """Slots of one process. Beyond `cap` keys, the one taken longest ago is forgotten.

    `clock` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float], *, cap: int = MAX_KEYS) -> None:
        self._clock = clock
        self._cap = cap
        self._ends: dict[str, dict[str, float]] = {}

    async def take(self, key: str, limit: int, ttl_s: float) -> Lease | None:
        """Lease one of `limit` places of `key`; None when all are taken. ValueError unless `ttl_s` > 0."""
        check_ttl(ttl_s)
        now = self._clock()
        held = {lease_id: end for lease_id, end in self._ends.pop(key, {}).items() if end > now}
        lease = Lease(key, uuid7()) if len(held) < limit else None
        if lease is not None:
            held[lease.id] = now + ttl_s
        if held:
            # Put back at the end: the dictionary's order is the order of use.
            self._ends[key] = held
        if len(self._ends) > self._cap:
            del self._ends[next(iter(self._ends))]
        return lease

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Hold `lease` for `ttl_s` from now; False when it had ended already, its place is another's."""
        check_ttl(ttl_s)
        now = self._clock()
        held = self._ends.get(lease.key, {})
        if held.get(lease.id, now) <= now:
            return False
        held[lease.id] = now + ttl_s
        return True

    async def release(self, lease: Lease) -> bool:
        """Give the place back; False when it was not held any more."""
        held = self._ends.get(lease.key, {})
        end = held.pop(lease.id, None)
        if not held:
            self._ends.pop(lease.key, None)
        return end is not None and end > self._clock()


def check_ttl(ttl_s: float) -> None:
    """Raise ValueError unless a lease of `ttl_s` seconds can be held."""
    if ttl_s <= 0:
        raise ValueError(f"a lease is held for more than 0 s, not {ttl_s}")

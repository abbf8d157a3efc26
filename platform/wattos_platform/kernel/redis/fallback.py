"""What goes on in this process alone while Redis is down, and with Redis as soon as it answers again.

The client warns once per outage and counts every operation; here it is only decided who does the work.
"""

from collections.abc import Callable, Sequence

from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.resilience.cache_store import CacheStore
from wattos_platform.kernel.resilience.rate_limits import Decision, RateLimiter, Want
from wattos_platform.kernel.resilience.slots import Lease, Slots


class FallbackLimiter:
    """A RateLimiter that asks `shared`, and `local` while that is down: limits then hold per process."""

    def __init__(self, shared: RateLimiter, local: RateLimiter) -> None:
        self._shared = shared
        self._local = local

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take what every want asks for, or nothing if one is refused; return the tightest decision."""
        try:
            return await self._shared.acquire(wants)
        except RedisUnavailableError:
            return await self._local.acquire(wants)

    async def settle(self, wants: Sequence[Want], used: int) -> None:
        """Replace what each of `wants` took by what was really used, where limits are kept now."""
        try:
            await self._shared.settle(wants, used)
        except RedisUnavailableError:
            await self._local.settle(wants, used)


class FallbackSlots:
    """Slots that asks `shared`, and `local` while that is down: places then count per process."""

    def __init__(self, shared: Slots, local: Slots) -> None:
        self._shared = shared
        self._local = local

    async def take(self, key: str, limit: int, ttl_s: float) -> Lease | None:
        """Lease one of `limit` places of `key`; None when all are taken."""
        try:
            return await self._shared.take(key, limit, ttl_s)
        except RedisUnavailableError:
            return await self._local.take(key, limit, ttl_s)

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Hold `lease` for `ttl_s` from now; True for a shared one during an outage: nobody knows better."""
        if await self._local.renew(lease, ttl_s):
            return True
        try:
            return await self._shared.renew(lease, ttl_s)
        except RedisUnavailableError:
            return True

    async def release(self, lease: Lease) -> bool:
        """Give the place back where it was taken; a shared one ends by itself if Redis is down."""
        if await self._local.release(lease):
            return True
        try:
            return await self._shared.release(lease)
        except RedisUnavailableError:
            return False


class FallbackStore:
    """A CacheStore that asks `shared`, and one of this process while that is down.

    Each outage begins with an empty store from `make_local`: what an earlier one left may have been
    invalidated since. An invalidation during an outage does not reach `shared`: what must never be
    stale bears its version in its key, as rag's searches do.
    """

    def __init__(self, shared: CacheStore, make_local: Callable[[], CacheStore]) -> None:
        self._shared = shared
        self._make_local = make_local
        self._local: CacheStore | None = None

    async def get(self, key: str) -> bytes | None:
        """Return what is stored and not expired, else None."""
        try:
            found = await self._shared.get(key)
        except RedisUnavailableError:
            return await self._of_this_outage().get(key)
        self._local = None
        return found

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Store `value` for `ttl_s` seconds."""
        try:
            await self._shared.set(key, value, ttl_s)
        except RedisUnavailableError:
            await self._of_this_outage().set(key, value, ttl_s)
        else:
            self._local = None

    async def add(self, key: str, value: bytes, ttl_s: float) -> bytes:
        """Store `value` unless something is there; return what is there then."""
        try:
            kept = await self._shared.add(key, value, ttl_s)
        except RedisUnavailableError:
            return await self._of_this_outage().add(key, value, ttl_s)
        self._local = None
        return kept

    async def delete(self, key: str) -> None:
        """Forget `key`, if it is there."""
        try:
            await self._shared.delete(key)
        except RedisUnavailableError:
            await self._of_this_outage().delete(key)
        else:
            self._local = None

    def _of_this_outage(self) -> CacheStore:
        if self._local is None:
            self._local = self._make_local()
        return self._local

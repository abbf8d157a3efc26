"""Shared limiter, places and cache that are down when a test says so: what a fallback stands before."""

from collections.abc import Sequence

from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.resilience.cache_store import CacheStore
from wattos_platform.kernel.resilience.rate_limits import Decision, RateLimiter, Want
from wattos_platform.kernel.resilience.slots import Lease, Slots


class _Down:
    is_down = True

    def check(self) -> None:
        if self.is_down:
            raise RedisUnavailableError("down on purpose")


class DownLimiter(_Down):
    """A RateLimiter that does what `inner` does, unless `is_down`."""

    def __init__(self, inner: RateLimiter) -> None:
        self._inner = inner

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        self.check()
        return await self._inner.acquire(wants)

    async def settle(self, wants: Sequence[Want], used: int) -> None:
        self.check()
        await self._inner.settle(wants, used)


class DownSlots(_Down):
    """Slots that do what `inner` does, unless `is_down`."""

    def __init__(self, inner: Slots) -> None:
        self._inner = inner

    async def take(self, key: str, limit: int, ttl_s: float) -> Lease | None:
        self.check()
        return await self._inner.take(key, limit, ttl_s)

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        self.check()
        return await self._inner.renew(lease, ttl_s)

    async def release(self, lease: Lease) -> bool:
        self.check()
        return await self._inner.release(lease)


class DownStore(_Down):
    """A CacheStore that does what `inner` does, unless `is_down`."""

    def __init__(self, inner: CacheStore) -> None:
        self._inner = inner

    async def get(self, key: str) -> bytes | None:
        self.check()
        return await self._inner.get(key)

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        self.check()
        await self._inner.set(key, value, ttl_s)

    async def add(self, key: str, value: bytes, ttl_s: float) -> bytes:
        self.check()
        return await self._inner.add(key, value, ttl_s)

    async def delete(self, key: str) -> None:
        self.check()
        await self._inner.delete(key)

"""A cache with namespaces, single flight and stale-while-revalidate, over any store.

A namespace (`llm:tenant-a`, `rag:space-7`) has a version, and the version is part of every key:
invalidating a namespace replaces the version, so nothing is ever searched for or flushed, and what is old
expires by itself.
"""

import asyncio
import hashlib
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.resilience.cache_store import CacheStore, MemoryStore
from wattos_platform.kernel.resilience.single_flight import SingleFlight
from wattos_platform.kernel.telemetry import Log, Meter, NullLog, NullMeter

__all__ = ["MISS", "Cache", "CacheStore", "MemoryStore", "cache_key"]

_FRESH_UNTIL = struct.Struct(">d")
_VERSION_TTL_S = 30 * 86400.0
STORE_TIMEOUT_S = 0.1


class _Miss:
    def __repr__(self) -> str:
        return "MISS"

    def __bool__(self) -> bool:
        return False


MISS: Final = _Miss()


def cache_key(**parts: Any) -> str:
    """Return a key that differs whenever any part differs; a hash, so that no user's text lies in a store.

    Parts are JSON-able; the order of dictionary keys does not matter.
    """
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


class Cache:
    """Keeps JSON-able values, None included. A store that fails, or hangs for `timeout_s`, is a miss.

    Values are kept encoded: what a caller does to the object it got changes nothing in the cache.
    `clock` is wall time, since several processes may share a store.
    """

    def __init__(
        self,
        name: str,
        store: CacheStore,
        *,
        clock: Callable[[], float],
        default_ttl_s: float = 3600.0,
        timeout_s: float = STORE_TIMEOUT_S,
        meter: Meter | None = None,
        log: Log | None = None,
    ) -> None:
        self.name = name
        self._store = store
        self._clock = clock
        self._default_ttl_s = default_ttl_s
        self._timeout_s = timeout_s
        self._is_failing = False
        self._log = log or NullLog()
        meter = meter or NullMeter()
        results = ("hit", "stale", "miss", "set", "error")
        self._count = {
            result: meter.counter("cache_operations_total", cache=name, result=result) for result in results
        }
        self._flights = SingleFlight()

    async def get(self, namespace: str, key: str) -> Any:
        """Return the fresh value, or MISS."""
        value, fresh = await self._look_up(await self._full_key(namespace, key))
        self._count["hit" if fresh else "miss"].inc()
        return value if fresh else MISS

    async def set(self, namespace: str, key: str, value: Any, ttl_s: float | None = None) -> None:
        """Keep `value` for `ttl_s` seconds (default: the cache's)."""
        await self._keep(await self._full_key(namespace, key), value, ttl_s, 0.0)

    async def delete(self, namespace: str, key: str) -> None:
        """Forget one key."""
        full_key = await self._full_key(namespace, key)
        if full_key is not None:
            await self._try(lambda: self._store.delete(full_key))

    async def invalidate(self, namespace: str) -> bool:
        """Forget all of a namespace, and nothing else, in one write; False when the store does not answer."""
        version_key = self._version_key(namespace)
        failed: list[bool] = []
        await self._try(lambda: self._store.set(version_key, _new_version(), _VERSION_TTL_S), failed)
        return not failed

    async def get_or_set(
        self,
        namespace: str,
        key: str,
        make: Callable[[], Awaitable[Any]],
        *,
        ttl_s: float | None = None,
        stale_s: float = 0.0,
    ) -> Any:
        """Return the cached value, or make and keep it.

        Callers of one key at one time share one `make`; its exception is raised to all and not cached. For
        `stale_s` seconds after its time a value is still returned, while one refresh runs behind.
        """
        full_key = await self._full_key(namespace, key)
        value, fresh = await self._look_up(full_key)
        if fresh:
            self._count["hit"].inc()
            return value

        # With the version in it, nobody shares work begun before an invalidation.
        flight = full_key or f"{namespace}:{key}"

        async def refresh() -> Any:
            made = await make()
            await self._keep(full_key, made, ttl_s, stale_s)
            return made

        if value is not MISS:
            self._count["stale"].inc()
            self._flights.start(flight, refresh, self._refresh_failed)
            return value
        self._count["miss"].inc()
        return await self._flights.share(flight, refresh)

    async def close(self) -> None:
        """End refreshes that run behind."""
        await self._flights.close()

    async def _look_up(self, full_key: str | None) -> tuple[Any, bool]:
        """Return (value, fresh); (MISS, False) for none, for a damaged entry and for a failing store."""
        if full_key is None:
            return MISS, False
        found = await self._try(lambda: self._store.get(full_key))
        if found is None:
            return MISS, False
        try:
            (fresh_until,) = _FRESH_UNTIL.unpack_from(found)
            value = msgspec.json.decode(found[_FRESH_UNTIL.size :])
        except (struct.error, msgspec.DecodeError):
            return MISS, False
        return value, self._clock() < fresh_until

    async def _keep(self, full_key: str | None, value: Any, ttl_s: float | None, stale_s: float) -> None:
        if full_key is None:
            return
        ttl_s = self._default_ttl_s if ttl_s is None else ttl_s
        entry = _FRESH_UNTIL.pack(self._clock() + ttl_s) + msgspec.json.encode(value)
        await self._try(lambda: self._store.set(full_key, entry, ttl_s + stale_s))
        self._count["set"].inc()

    async def _full_key(self, namespace: str, key: str) -> str | None:
        """Return the stored name of a key; None when the store does not answer."""
        version_key = self._version_key(namespace)
        failed: list[bool] = []
        version = await self._try(lambda: self._store.get(version_key), failed)
        if failed:
            return None
        if version is None:
            # Never counted from 0: a version lost to eviction must not bring old entries back.
            version = await self._try(
                lambda: self._store.add(version_key, _new_version(), _VERSION_TTL_S), failed
            )
            if failed:
                return None
        return f"{self.name}:{namespace}:{version.decode('ascii', 'replace')}:{key}"

    def _version_key(self, namespace: str) -> str:
        return f"version:{self.name}:{namespace}"

    async def _try(self, operation: Callable[[], Awaitable[Any]], failed: list[bool] | None = None) -> Any:
        """Return what the store answers in time, None when it fails.

        Failures are counted; the first in a row is logged.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await operation()
        except Exception as error:  # noqa: BLE001 - no failure of a cache may fail a request
            self._count["error"].inc()
            if not self._is_failing:
                self._log.warning(
                    "cache.failed", message="the cache is passed by", cache=self.name, error=repr(error)
                )
            self._is_failing = True
            if failed is not None:
                failed.append(True)
            return None
        self._is_failing = False
        return answer

    def _refresh_failed(self, error: BaseException) -> None:
        self._log.warning(
            "cache.refresh_failed", message="the stale value stays", cache=self.name, error=repr(error)
        )


def _new_version() -> bytes:
    return uuid7().encode()

"""Where cached bytes lie: in memory here, in Redis when it is configured."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol


class CacheStore(Protocol):
    """Keeps bytes for a time. May raise anything or hang: the Cache in front bounds and survives both."""

    async def get(self, key: str) -> bytes | None:
        """Return what is stored and not expired, else None."""

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Store `value` for `ttl_s` seconds."""

    async def add(self, key: str, value: bytes, ttl_s: float) -> bytes:
        """Store `value` unless something is there; return what is there then."""

    async def delete(self, key: str) -> None:
        """Forget `key`, if it is there."""


class NullStore:
    """A CacheStore that keeps nothing: the cache that is switched off."""

    async def get(self, key: str) -> bytes | None:  # noqa: ARG002 - the Protocol's shape
        """Return None."""
        return None

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep nothing."""

    async def add(self, key: str, value: bytes, ttl_s: float) -> bytes:  # noqa: ARG002 - same
        """Return `value`."""
        return value

    async def delete(self, key: str) -> None:
        """Have nothing to forget."""


class MemoryStore:
    """A CacheStore bounded in entries and bytes; the least recently used go first."""

    def __init__(
        self, clock: Callable[[], float], *, max_entries: int = 1000, max_bytes: int = 64_000_000
    ) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: str) -> bytes | None:
        """Return what is stored and not expired, else None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock() >= entry[0]:
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry[1]

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Store `value` for `ttl_s` seconds; one larger than the whole store is not kept."""
        self._remove(key)
        size = len(value) + len(key)
        if size > self._max_bytes or ttl_s <= 0:
            return
        self._entries[key] = (self._clock() + ttl_s, value)
        self.size_bytes += size
        while len(self._entries) > self._max_entries or self.size_bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))

    async def add(self, key: str, value: bytes, ttl_s: float) -> bytes:
        """Store `value` unless something is there; return what is there then."""
        found = await self.get(key)
        if found is None:
            await self.set(key, value, ttl_s)
        return value if found is None else found

    async def delete(self, key: str) -> None:
        """Forget `key`, if it is there."""
        self._remove(key)

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size_bytes -= len(entry[1]) + len(key)

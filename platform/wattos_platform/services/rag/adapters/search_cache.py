"""Answers of recent searches, in memory, bounded in number and age."""

from collections import OrderedDict
from collections.abc import Callable

TTL_S = 300.0


class SearchCache:
    """A least-recently-used map of bytes that forgets after `ttl_s`; keys bear the space's version."""

    def __init__(self, monotonic: Callable[[], float], *, size: int, ttl_s: float = TTL_S) -> None:
        self._monotonic = monotonic
        self._size = size
        self._ttl_s = ttl_s
        self._held: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Return what was kept under `key`, None if nothing young enough was."""
        found = self._held.get(key)
        if found is None:
            return None
        if found[0] <= self._monotonic():
            del self._held[key]
            return None
        self._held.move_to_end(key)
        return found[1]

    def set(self, key: str, value: bytes) -> None:
        """Keep `value`; the one used longest ago goes when there are too many."""
        self._held[key] = (self._monotonic() + self._ttl_s, value)
        self._held.move_to_end(key)
        while len(self._held) > self._size:
            self._held.popitem(last=False)

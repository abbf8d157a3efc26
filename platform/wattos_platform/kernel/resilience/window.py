"""The calls a breaker remembers: the last seconds in buckets, or the last calls one by one."""

from typing import Protocol


class Window(Protocol):
    """Counts of the calls remembered."""

    calls: int
    failures: int
    slow: int

    def add(self, now: float, *, failed: bool, slow: bool) -> None:
        """Remember one call that ended at `now` (monotonic seconds)."""

    def expire(self, now: float) -> None:
        """Forget what is too old at `now`."""


class TimeWindow:
    """The calls of the last `seconds`, to within a second: one bucket each."""

    __slots__ = ("_buckets", "_second", "_size", "calls", "failures", "slow")

    def __init__(self, seconds: float) -> None:
        self._size = max(1, int(seconds))
        self._buckets = [[0, 0, 0] for _ in range(self._size)]
        self._second = -1
        self.calls = self.failures = self.slow = 0

    def add(self, now: float, *, failed: bool, slow: bool) -> None:
        """Remember one call that ended at `now`."""
        second = int(now)
        if second != self._second:
            self._advance(second)
        bucket = self._buckets[second % self._size]
        bucket[0] += 1
        self.calls += 1
        if failed:
            bucket[1] += 1
            self.failures += 1
        if slow:
            bucket[2] += 1
            self.slow += 1

    def expire(self, now: float) -> None:
        """Forget the buckets that have left the window."""
        second = int(now)
        if second != self._second:
            self._advance(second)

    def _advance(self, second: int) -> None:
        passed = min(second - self._second, self._size)
        for offset in range(passed):
            bucket = self._buckets[(second - offset) % self._size]
            self.calls -= bucket[0]
            self.failures -= bucket[1]
            self.slow -= bucket[2]
            bucket[:] = (0, 0, 0)
        self._second = second


class CountWindow:
    """The last `size` calls, however long ago."""

    __slots__ = ("_next", "_outcomes", "_size", "calls", "failures", "slow")

    def __init__(self, size: int) -> None:
        self._size = size
        self._outcomes: list[tuple[bool, bool]] = []
        self._next = 0
        self.calls = self.failures = self.slow = 0

    def add(self, now: float, *, failed: bool, slow: bool) -> None:  # noqa: ARG002 - the Protocol's shape
        """Remember one call, forget the oldest of more than `size`."""
        if self.calls < self._size:
            self._outcomes.append((failed, slow))
            self.calls += 1
        else:
            old_failed, old_slow = self._outcomes[self._next]
            self.failures -= old_failed
            self.slow -= old_slow
            self._outcomes[self._next] = (failed, slow)
            self._next = (self._next + 1) % self._size
        self.failures += failed
        self.slow += slow

    def expire(self, now: float) -> None:
        """Keep everything: calls do not age."""

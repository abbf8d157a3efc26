"""The last changes of a process's breakers, numbered, for whoever asks what happened after number N."""

from collections import deque
from typing import NamedTuple

from wattos_platform.kernel.resilience.breaker_types import BreakerEvent

CAPACITY = 1000


class Numbered(NamedTuple):
    """One change: its number from 1, when it happened (epoch seconds), and what."""

    number: int
    at: float
    event: BreakerEvent


class EventRing:
    """Keeps the last `capacity` changes. Belongs to one event loop."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._kept: deque[Numbered] = deque(maxlen=capacity)
        self.last = 0

    def add(self, at: float, event: BreakerEvent) -> None:
        """Keep one change under the next number; the oldest of too many goes."""
        self.last += 1
        self._kept.append(Numbered(self.last, at, event))

    def after(self, number: int) -> list[Numbered]:
        """Return the changes above `number` that are still kept, the oldest first."""
        return [kept for kept in self._kept if kept.number > number]

    def lost(self, number: int) -> int:
        """Return how many changes above `number` are no longer kept."""
        oldest = self._kept[0].number if self._kept else self.last + 1
        return max(0, oldest - 1 - number)

"""The open model among users of Locust: each waits until an arrival is its own."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

import gevent
from gevent.event import AsyncResult

from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.planning.arrivals import LATE_S

_MS = 1000.0


class ArrivalQueue:
    """Lets users of one process through, one for each arrival, in the order in which they came.

    Each arrival is of one kind of users. If none of them is free it waits, up to `LATE_S`; then it is
    dropped. How late an iteration began is what its first request owes to the intended start; if a user was
    free, the generator was late. `monotonic` and `sleep` are in seconds.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], Any] = gevent.sleep
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}
        self._owed_s: dict[Any, float] = {}
        self._clock: Any = None
        self._due = 0
        self._dropped = 0
        self._lateness = Histogram()

    @property
    def free(self) -> int:
        """Return how many users wait for an arrival."""
        return sum(len(lane.free) for lane in self._lanes.values())

    @property
    def waiting(self) -> int:
        """Return how many arrivals wait for a user."""
        self._drop()
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def open(self, due_s: Iterator[float], weights: Mapping[str, float], rng: Random) -> None:
        """Let an arrival come whenever one is due, in seconds from now; its kind is drawn by `weights`."""
        lanes = [self._lane(kind) for kind in weights]
        if lanes and sum(weights.values()) > 0:
            kinds = (rng.choices(lanes, list(weights.values()))[0] for _ in iter(int, 1))
            self._clock = gevent.spawn(self._tick, self._monotonic(), due_s, kinds)

    def close(self) -> None:
        """Let no more arrivals come; those that wait already are still begun."""
        if self._clock:
            self._clock.kill(block=False)

    def enter(self, kind: str) -> None:
        """Wait until an arrival belongs to the user that calls, who is of this kind."""
        lane = self._lane(kind)
        while True:
            due_s, was_free = lane.next()
            late_s = self._monotonic() - due_s
            if late_s > LATE_S:
                self._dropped += 1
                continue
            if was_free:
                self._lateness.add(max(late_s, 0.0) * _MS)
            self._owed_s[gevent.getcurrent()] = late_s
            return

    def owed_ms(self) -> float:
        """Return by how much the calling user's iteration began late; 0 when asked again."""
        return self._owed_s.pop(gevent.getcurrent(), 0.0) * _MS

    def settle(self, interval: Interval) -> None:
        """Add what happened since the last call."""
        self._drop()
        interval.due += self._due
        interval.dropped += self._dropped
        interval.lateness.merge(self._lateness)
        self._due, self._dropped, self._lateness = 0, 0, Histogram()

    def _lane(self, kind: str) -> "_Lane":
        return self._lanes.setdefault(kind, _Lane())

    def _tick(self, began_s: float, due_s: Iterator[float], lanes: Iterator["_Lane"]) -> None:
        for after_s in due_s:
            at_s = began_s + after_s
            while (left_s := at_s - self._monotonic()) > 0:
                self._sleep(left_s)
            self._due += 1
            self._drop()
            next(lanes).arrive(at_s)

    def _drop(self) -> None:
        oldest_s = self._monotonic() - LATE_S
        for lane in self._lanes.values():
            while lane.waiting and lane.waiting[0] < oldest_s:
                lane.waiting.popleft()
                self._dropped += 1


class _Lane:
    """The users of one kind that are free, or else the arrivals that wait for one of them."""

    def __init__(self) -> None:
        self.free: deque[AsyncResult[float]] = deque()
        self.waiting: deque[float] = deque()  # what waits longer than LATE_S is dropped: that is its cap

    def arrive(self, due_s: float) -> None:
        """Give an arrival to the user that has been free for longest, or let it wait."""
        if self.free:
            self.free.popleft().set(due_s)
        else:
            self.waiting.append(due_s)

    def next(self) -> tuple[float, bool]:
        """Return the arrival that is the caller's, and whether the caller waited for it."""
        if self.waiting:
            return self.waiting.popleft(), False
        ticket: AsyncResult[float] = AsyncResult()
        self.free.append(ticket)
        try:
            return ticket.get(), True
        except BaseException:  # the user is stopped; an arrival that is its already is another's
            if ticket.ready():
                self.waiting.appendleft(ticket.value)
            else:
                self.free.remove(ticket)
            raise

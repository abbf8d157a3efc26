"""Joins what several workers hand in, second by second, into intervals of the whole run."""

from collections import deque

from wattos_cli.loadtest.measuring.interval import Interval

_BEHIND = 3
"""A worker that is this many intervals behind another is no longer waited for; what it brings comes later."""


class IntervalAggregator:
    """The intervals of workers that were not joined yet.

    Workers begin at about the same time and hand in their intervals in order. A joined interval begins where
    the one before it ended.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Interval]] = {}
        self._users: dict[str, int] = {}
        self._until_s = 0.0

    def expect(self, worker: str) -> None:
        """Wait for the intervals of this worker too."""
        self._waiting.setdefault(worker, deque())

    def release(self, worker: str) -> None:
        """Wait no longer for this worker; what it handed in counts, its users are gone."""
        self._users.pop(worker, None)
        if not self._waiting.get(worker):
            self._waiting.pop(worker, None)

    def hand_in(self, worker: str, interval: Interval) -> None:
        """Add what a worker counted next."""
        self._waiting.setdefault(worker, deque()).append(interval)

    def take(self) -> list[Interval]:
        """Return, joined, the stretches of which every worker has told, or of which waiting has no end."""
        taken = []
        while self._waiting and self._complete():
            taken.append(self._join())
        return taken

    def rest(self) -> list[Interval]:
        """Return, joined, all that is left."""
        taken = []
        while any(self._waiting.values()):
            taken.append(self._join())
        return taken

    def _complete(self) -> bool:
        queues = self._waiting.values()
        return all(queues) or max(len(queue) for queue in queues) >= _BEHIND

    def _join(self) -> Interval:
        """Return the next of every worker together, and of one that lags all that belongs there."""
        heads_s = max(queue[0].at_s for queue in self._waiting.values() if queue)
        whole, until_s = Interval(self._until_s, 0.0), self._until_s
        for worker, queue in self._waiting.items():
            while queue and queue[0].at_s <= heads_s:
                one = queue.popleft()
                whole.count(one)
                until_s = max(until_s, one.at_s + one.span_s)
                self._users[worker] = one.users
        self._until_s = until_s
        whole.span_s = until_s - whole.at_s
        whole.users = sum(self._users.values())
        return whole

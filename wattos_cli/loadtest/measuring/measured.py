"""The whole run as it was measured: the sum of its intervals, and the intervals."""

from dataclasses import dataclass, field

from wattos_cli.loadtest.measuring.interval import INTERVAL_S, Interval
from wattos_cli.loadtest.measuring.requests import Requests

INTERVALS_KEPT = 240
"""A longer run has longer intervals: neighbours are joined."""
_STANDSTILL_S = 2.5
"""So long it takes only if nothing of the generator runs at all, not even its timers."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What the generator says last; `saturated` gives the reasons why its figures are its own slowness.

    `workers` of Locust's processes were to take part (0: one process alone), `lost` of them left early.
    `notes` are what a reader should know and what makes no figure wrong.
    """

    duration_s: float
    saturated: tuple[str, ...] = ()
    workers: int = 0
    lost: int = 0
    notes: tuple[str, ...] = ()


@dataclass
class Measured:
    """One run: `total` counts all of it, `intervals` show how it went.

    `ending` is None when the generator broke off, of which `broken` says how: what it counted until then is
    here, and no verdict on it.
    """

    total: Interval = field(default_factory=lambda: Interval(0.0, 0.0))
    intervals: list[Interval] = field(default_factory=list)
    ending: Ending | None = None
    broken: str = ""
    workers: int = 0
    """So many had come before the run began, if it has any."""
    stood_still_s: float = 0.0
    """How long the generator did not come to count, which it does every second, all told."""

    @property
    def duration_s(self) -> float:
        """Return how long the run took, from its start to its end."""
        return self.ending.duration_s if self.ending else self.total.span_s

    def of(self, name: str | None = None) -> Requests:
        """Return the requests of one name, or of all names together; none if there is no such name."""
        return self.total.of(name)

    def add(self, interval: Interval) -> None:
        """Add what was counted next."""
        self.total.count(interval)
        self.total.span_s = max(self.total.span_s, interval.at_s + interval.span_s)
        self.total.users = interval.users
        if interval.span_s > _STANDSTILL_S:
            self.stood_still_s += interval.span_s - INTERVAL_S
        self.intervals.append(interval)
        if len(self.intervals) > INTERVALS_KEPT:
            self.intervals = [_joined(self.intervals[at : at + 2]) for at in range(0, len(self.intervals), 2)]


def _joined(neighbours: list[Interval]) -> Interval:
    first, last = neighbours[0], neighbours[-1]
    whole = Interval(first.at_s, last.at_s + last.span_s - first.at_s, users=last.users)
    for one in neighbours:
        whole.count(one)
    return whole

"""The requests of one name, counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattos_cli.loadtest.measuring.histogram import Histogram

TIMES = ("latency", "ttft", "itl")


@dataclass
class Requests:
    """The requests of one name. Times in ms, of successful requests only: a quick refusal is not fast.

    `unanswered` of the `failures` got no HTTP answer at all; `good` counts those that met every objective.
    `tokens` came in streams; `pace` is how many a second each stream brought.
    """

    name: str
    count: int = 0
    failures: int = 0
    unanswered: int = 0
    good: int = 0
    usd: float = 0.0
    usd_known: int = 0
    tokens: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    times: dict[str, Histogram] = field(default_factory=dict)
    pace: Histogram = field(default_factory=Histogram)

    def time(self, metric: str) -> Histogram:
        """Return the histogram of latency, ttft or itl."""
        found = self.times.get(metric)
        if found is None:
            found = self.times[metric] = Histogram()
        return found

    def add(self, other: "Requests") -> None:
        """Count the requests of `other` too."""
        self.count += other.count
        self.failures += other.failures
        self.unanswered += other.unanswered
        self.good += other.good
        self.usd += other.usd
        self.usd_known += other.usd_known
        self.tokens += other.tokens
        self.pace.merge(other.pace)
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        for metric, histogram in other.times.items():
            self.time(metric).merge(histogram)

    def dump(self) -> dict[str, Any]:
        """Return the counts as JSON-able values."""
        times = {name: histogram.dump() for name, histogram in self.times.items()}
        return {**vars(self), "times": times, "pace": self.pace.dump()}

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> "Requests":
        """Return what `dump` wrote; KeyError, TypeError or ValueError for anything else."""
        times = {name: Histogram.load(histogram) for name, histogram in value["times"].items()}
        return cls(**{**value, "times": times, "pace": Histogram.load(value["pace"])})

"""What the generator measured, as it lies in its result file: one entry per request name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattos_cli.loadtest.histogram import Histogram

ERRORS_LIMIT = 50
"""So many different errors are told apart; the others are counted together."""
TIMES = ("latency", "ttft", "itl")
OTHER_ERRORS = "(other errors)"


@dataclass
class Requests:
    """The requests of one name. Times in ms, of successful requests only: a quick refusal is not fast.

    `unanswered` of the `failures` got no HTTP answer at all; `good` counts those that met every objective.
    """

    name: str
    count: int = 0
    failures: int = 0
    unanswered: int = 0
    good: int = 0
    usd: float = 0.0
    usd_known: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    times: dict[str, Histogram] = field(default_factory=dict)

    def time(self, metric: str) -> Histogram:
        """Return the histogram of latency, ttft or itl."""
        return self.times.setdefault(metric, Histogram())

    def add(self, other: "Requests") -> None:
        """Count the requests of `other` too."""
        self.count += other.count
        self.failures += other.failures
        self.unanswered += other.unanswered
        self.good += other.good
        self.usd += other.usd
        self.usd_known += other.usd_known
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        for metric, histogram in other.times.items():
            self.time(metric).merge(histogram)

    def dump(self) -> dict[str, Any]:
        """Return the counts as JSON-able values."""
        plain = {name: value for name, value in vars(self).items() if name != "times"}
        return {**plain, "times": {name: histogram.dump() for name, histogram in self.times.items()}}

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> "Requests":
        """Return what `dump` wrote; KeyError, TypeError or ValueError for anything else."""
        times = {name: Histogram.load(histogram) for name, histogram in value["times"].items()}
        return cls(**{**value, "times": times})


@dataclass
class Measured:
    """The whole run: `duration_s` from its start to its end, `saturated` if the generator was too busy."""

    duration_s: float = 0.0
    saturated: bool = False
    requests: dict[str, Requests] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def of(self, name: str | None = None) -> Requests:
        """Return the requests of one name, or of all names together; none if there is no such name."""
        together = Requests(name or "")
        for requests in self.requests.values():
            if name is None or requests.name == name:
                together.add(requests)
        return together

    def note_error(self, text: str) -> None:
        """Count one error by its text."""
        if text not in self.errors and len(self.errors) >= ERRORS_LIMIT:
            text = OTHER_ERRORS
        self.errors[text] = self.errors.get(text, 0) + 1

    def dump(self) -> dict[str, Any]:
        """Return the run as JSON-able values."""
        return {
            "duration_s": self.duration_s,
            "saturated": self.saturated,
            "requests": [requests.dump() for requests in self.requests.values()],
            "errors": self.errors,
        }

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> "Measured":
        """Return what `dump` wrote; KeyError, TypeError or ValueError for anything else."""
        found = [Requests.load(requests) for requests in value["requests"]]
        return cls(
            float(value["duration_s"]),
            bool(value["saturated"]),
            {requests.name: requests for requests in found},
            {str(text): int(count) for text, count in value["errors"].items()},
        )

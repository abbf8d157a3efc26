"""A stretch of a run, counted: what the generator hands over each second."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.measuring.requests import Requests

INTERVAL_S = 1.0
"""How long one is; the last of a run is shorter."""
ERRORS_LIMIT = 50
"""So many different errors are told apart; the others are counted together."""
OTHER_ERRORS = "(other errors)"
NAMES_LIMIT = 200
"""So many names of requests are told apart; the others are counted together."""
OTHER_NAMES = "(other names)"
SLOWEST_KEPT = 20


@dataclass(frozen=True, slots=True)
class Slow:
    """One of the slowest requests; `at_s` is when it began, counted from the run's start."""

    latency_ms: float
    at_s: float
    name: str
    status: int
    trace_id: str = ""


@dataclass
class Interval:
    """What ended between `at_s` and `at_s + span_s`, counted from the run's start.

    `users` are busy or thinking at its end. In the open model `due` iterations were to begin, `dropped` of
    them never did; `lateness` (ms) is by how much the generator itself was late though a user was free.
    `cpu_s` is the processor time that the generator's processes wanted: what they ran, and waited for.
    """

    at_s: float
    span_s: float
    users: int = 0
    due: int = 0
    dropped: int = 0
    cpu_s: float = 0.0
    lateness: Histogram = field(default_factory=Histogram)
    requests: dict[str, Requests] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    slowest: list[Slow] = field(default_factory=list)

    def of(self, name: str | None = None) -> Requests:
        """Return the requests of one name, or of all names together; none if there is no such name."""
        together = Requests(name or "")
        for requests in self.requests.values():
            if name is None or requests.name == name:
                together.add(requests)
        return together

    def named(self, name: str) -> Requests:
        """Return where the requests of this name are counted, in one interval as in all joined."""
        if name not in self.requests:
            if len(self.requests) >= NAMES_LIMIT:
                name = OTHER_NAMES
            self.requests.setdefault(name, Requests(name))
        return self.requests[name]

    def note_error(self, text: str, count: int = 1) -> None:
        """Count one error by its text."""
        if text not in self.errors and len(self.errors) >= ERRORS_LIMIT:
            text = OTHER_ERRORS
        self.errors[text] = self.errors.get(text, 0) + count

    def is_slow(self, latency_ms: float) -> bool:
        """Return whether a request that took so long is among the slowest."""
        return len(self.slowest) < SLOWEST_KEPT or latency_ms > self.slowest[-1].latency_ms

    def note_slow(self, slow: Slow) -> None:
        """Keep the request if it is among the slowest."""
        if self.is_slow(slow.latency_ms):
            self.slowest = sorted([*self.slowest, slow], key=lambda one: -one.latency_ms)[:SLOWEST_KEPT]

    def count(self, other: "Interval") -> None:
        """Count what `other` counted too, leaving this one's place and users as they are."""
        self.due += other.due
        self.dropped += other.dropped
        self.cpu_s += other.cpu_s
        self.lateness.merge(other.lateness)
        for name, requests in other.requests.items():
            self.named(name).add(requests)
        for text, times in other.errors.items():
            self.note_error(text, times)
        for slow in other.slowest:
            self.note_slow(slow)

    def dump(self) -> dict[str, Any]:
        """Return the interval as JSON-able values."""
        return {
            **vars(self),
            "lateness": self.lateness.dump(),
            "requests": [requests.dump() for requests in self.requests.values()],
            "slowest": [asdict(slow) for slow in self.slowest],
        }

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> "Interval":
        """Return what `dump` wrote; KeyError, TypeError or ValueError for anything else."""
        found = [Requests.load(requests) for requests in value["requests"]]
        return cls(
            **{
                **value,
                "lateness": Histogram.load(value["lateness"]),
                "requests": {requests.name: requests for requests in found},
                "slowest": [Slow(**slow) for slow in value["slowest"]],
            }
        )

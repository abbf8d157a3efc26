"""What is written down while a drill runs: phases, requests, counts, figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wattos_cli.drills.observing.figures import Figures
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured

_FIRST = {"whole": "fault"}
_AFTER = {"steady": "fault", "fault": "recovery"}


class Record:
    """Times are in seconds since the drill began."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._begun_s: dict[str, float] = {}
        self._counts: dict[str, Mapping[str, Any]] = {}
        self._intervals: list[tuple[float, Interval]] = []
        self._load_began_s: float | None = None

    def begin(self, phase: str, at_s: float, counts: Mapping[str, Any]) -> None:
        """Note that a phase begins, and what the simulator had received until then."""
        self._begun_s[phase] = at_s
        self._counts[phase] = counts

    def has_begun(self, phase: str) -> bool:
        """Return whether a phase has begun."""
        return _FIRST.get(phase, phase) in self._begun_s

    def began_s(self, phase: str) -> float:
        """Return when a phase began; `whole` begins with the fault."""
        return self._begun_s[_FIRST.get(phase, phase)]

    def take(self, intervals: Sequence[Interval], now_s: float) -> None:
        """Keep what the load generator counted; it keeps a clock of its own, which began when it did."""
        for interval in intervals:
            began_s = now_s - interval.at_s - interval.span_s
            if self._load_began_s is None or began_s < self._load_began_s:
                self._load_began_s = began_s
            self._intervals.append((interval.at_s, interval))

    @property
    def has_requests(self) -> bool:
        """Return whether a request was answered yet."""
        return any(interval.of().count for _, interval in self._intervals)

    def requests(self, phase: str, after_s: float = 0.0) -> Measured:
        """Return the requests of the stretches that began in a phase, `after_s` after its beginning on."""
        begin_s = self.began_s(phase) + after_s
        end_s = self._begun_s.get(_AFTER.get(phase, ""), float("inf"))
        measured = Measured()
        for at_s, interval in self._intervals:
            here_s = at_s + (self._load_began_s or 0.0)
            if begin_s <= here_s < end_s:
                measured.add(replace(interval, at_s=here_s - begin_s))
        return measured

    def errors(self) -> dict[str, int]:
        """Return the errors of users from the fault on by their texts, the most frequent first."""
        if not self.has_begun("fault"):
            return {}
        counted = self.requests("whole").total.errors
        return dict(sorted(counted.items(), key=lambda each: -each[1]))

    def counts_before(self, phase: str) -> Mapping[str, Any]:
        """Return the simulator's counts at the beginning of a phase."""
        return self._counts[_FIRST.get(phase, phase)]

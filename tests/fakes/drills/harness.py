"""A harness for drills: platform, load and faults as a test scripts them, in a time that only sleep moves."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.cli.deps import FakeTime
from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.deps import Finding, MetricAnswer
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.fault import FaultForm
from wattos_cli.drills.observing.view import Scraped
from wattos_cli.drills.runner.harness import Harness
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.measuring.interval import Interval, Slow
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.measuring.requests import Requests

NAME = "llm:openai"


class FakeMetrics:
    """Answers every expression with the number that `values` has for it, else without series."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self.values = values

    def instant(self, expression: str, at_s: float) -> MetricAnswer:
        try:
            return MetricAnswer("scalar", (at_s, str(float(expression))))
        except ValueError:
            pass
        if expression not in self.values:
            return MetricAnswer("vector", [])
        return MetricAnswer("vector", [{"metric": {}, "value": (at_s, str(self.values[expression]))}])

    def range(self, expression: str, start_s: float, end_s: float, step_s: float) -> MetricAnswer:
        raise AssertionError("drills ask for moments")

    def names(self, at_s: float) -> list[str]:
        return list(self.values)


@dataclass
class House:
    """The fake platform: well, until a fault is on; then what the test has set in `ill`.

    `until_open_s` passes from a fault to the breaker's opening; None: it never opens. `received` requests
    reach the provider every second, while the breaker is closed.
    """

    time: FakeTime = field(default_factory=FakeTime)
    until_open_s: float | None = 1.0
    failing: int = 0
    per_second: int = 10
    load_lasts_s: float = 1e9
    counters: dict[str, float] = field(default_factory=dict)
    series: SeriesInMemory = field(default_factory=SeriesInMemory)
    on: list[float] = field(default_factory=list)
    opened_at: float | None = None
    events: list[str] = field(default_factory=list)
    unmendable: Exception | None = None
    restarted: int = 0
    gone_at: float = math.inf
    sent: int = 0

    @property
    def is_ill(self) -> bool:
        return any(until > self.time.now for until in self.on)

    @property
    def state(self) -> str:
        return "closed" if self.opened_at is None else "open"

    def moved(self) -> None:
        """Let the breaker see what time has brought."""
        since = [began for began in self._began if self.is_ill]
        opens = self.until_open_s is not None and any(
            self.time.now - began >= (self.until_open_s or 0) for began in since
        )
        if opens and self.opened_at is None:
            self.opened_at = self.time.now
            self.changed.append({"time": _written(self.time.now), "name": NAME, "to": "open"})
        if self.state == "closed":
            self.sent += 5

    _began: list[float] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)

    def breakers(self) -> Sequence[Mapping[str, Any]]:
        self.moved()
        row = {
            "service": "llm-gateway",
            "replica": 0,
            "name": NAME,
            "state": self.state,
            "consecutive_failures": 5 if self.state == "open" else 0,
            "failure_rate": 0.0,
            "slow_call_rate": 0.0,
        }
        return [row]

    def changes(self) -> Sequence[Mapping[str, Any]]:
        found, self.changed = self.changed, []
        return found

    def findings(self) -> Sequence[Finding]:
        status = "degraded" if self.state == "open" else "healthy"
        return [Finding("llm-gateway", 0, status, 1.0), Finding("gateway", 0, "healthy", 1.0)]

    def scraped(self) -> Scraped:
        for name, value in self.counters.items():
            self.series.add(labels(name), [(round(self.time.now * 1000), value)])
        return Scraped(FakeMetrics(self.counters), self.series, self.time.now)

    def counts(self) -> Mapping[str, Any]:
        if self.time.now >= self.gone_at:
            raise WattosError("the platform is not running")
        tally = {"total": self.sent, "completed": self.sent, "in_flight": 0}
        return {**tally, "providers": {"openai": tally}}

    def restarts(self) -> int:
        return self.restarted


def _written(now: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(now, UTC).isoformat()


class FakeFault:
    """A fault of the house."""

    def __init__(self, house: House, name: str) -> None:
        self._house = house
        self._name = name
        self._place: int | None = None

    def apply(self, ttl_s: float) -> None:
        house = self._house
        house.events.append(f"apply {self._name}")
        self._place = len(house.on)
        house.on.append(house.time.now + ttl_s)
        house._began.append(house.time.now)

    def rollback(self) -> None:
        house = self._house
        house.events.append(f"rollback {self._name}")
        if house.unmendable:
            raise house.unmendable
        if self._place is not None:
            house.on[self._place] = 0.0
            self._place = None

    def describe(self) -> str:
        return self._name


class FakeLoad:
    """Counts `per_second` requests each second of the house's time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._began = house.time.now
        self._told = 0

    @property
    def running(self) -> bool:
        return self._house.time.now - self._began < self._house.load_lasts_s

    def poll(self) -> list[Interval]:
        house, found = self._house, []
        while self._told + 1 <= house.time.now - self._began:
            interval = Interval(float(self._told), 1.0)
            failures = house.failing if house.is_ill else 0
            requests = Requests("POST /v1/chat/completions", count=house.per_second, failures=failures)
            for _ in range(house.per_second - failures):
                requests.time("latency").add(50.0)
            interval.requests[requests.name] = requests
            interval.note_slow(Slow(50.0, interval.at_s, requests.name, 200))
            if failures:
                interval.note_error("503 nobody answers", failures)
                interval.note_slow(Slow(750.0, interval.at_s, requests.name, 503))
                requests.unanswered = 1
            found.append(interval)
            self._told += 1
        return found

    def result(self) -> Measured:
        return Measured()


@dataclass
class Shields:
    """Counts how often a rollback was shielded."""

    entered: int = 0

    @contextmanager
    def shielded(self) -> Iterator[None]:
        self.entered += 1
        yield


def harness(
    house: House, *, on_sleep: Callable[[], None] = lambda: None, on_end: Callable[[], None] = lambda: None
) -> Harness:
    """Return the harness of the house.

    `on_sleep` is called whenever the drill waits, `on_end` when its load is put away.
    """

    @contextmanager
    def load(_drill: Drill, _longest_s: float) -> Iterator[FakeLoad]:
        house.events.append("load begins")
        try:
            yield FakeLoad(house)
        finally:
            house.events.append("load ends")
            on_end()

    def reset(name: str) -> None:
        house.events.append(f"reset {name}")
        house.opened_at = None

    def fault(form: FaultForm) -> FakeFault:
        return FakeFault(house, form.kind)

    def sleep(seconds: float) -> None:
        house.time.sleep(seconds)
        on_sleep()

    return Harness(
        platform=house,
        load=load,
        fault=fault,
        reset=reset,
        shield=Shields(),
        clock=house.time.read,
        monotonic=house.time.read,
        sleep=sleep,
    )

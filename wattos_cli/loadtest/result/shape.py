"""The shape of `wattos.loadtest/v1` as a reader takes it: what later versions add is passed over.

Times are in ms, `at_s` counts from the run's start. What a result may lack has a default.
"""

from typing import Literal

from msgspec import Struct, field

from wattos_cli.loadtest.result.asked import Environment, Load, Tenant
from wattos_cli.loadtest.result.counted import Distribution, Error, Interval, Named, Times, Tokens
from wattos_cli.loadtest.result.outcome import SCHEMA
from wattos_cli.loadtest.result.seen import Arrived, Generator, ServerChart, Slow, Transition

REGRESSION = "regression"


class Held(Struct):
    """One threshold with what was measured."""

    expression: str
    value: float | None
    ok: bool


class Compared(Struct):
    """One figure of two runs, in `unit` (ms, share or /s).

    `low` and `high` enclose the ratio, or for shares, which have none, the difference. `verdict`: regression,
    improvement, no_change (a change that counts is out of the question), unclear or no_sample.
    """

    metric: str
    baseline: float | None
    now: float | None
    ratio: float | None
    low: float | None
    high: float | None
    verdict: str
    unit: str = "ms"


class Comparison(Struct):
    """This run beside an earlier one: regression or no_regression."""

    verdict: str
    rows: list[Compared]
    baseline: str = ""
    confidence: float = 0.95

    @property
    def regressions(self) -> list[str]:
        """Return the names of the figures that got worse."""
        return [row.metric for row in self.rows if row.verdict == REGRESSION]


class Step(Struct):
    """One rate that was tried."""

    rate: float
    achieved: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    errors: float | None = None
    verdict: str = ""


class Limit(Struct):
    """The largest rate that held, None if none did, and the one from which on latency climbs."""

    rate: float | None
    steps: list[Step]
    knee: float | None = None


class Result(Struct):
    """The result of one run."""

    scenario: str
    verdict: Literal["pass", "fail", "invalid"]
    duration_s: float
    requests: int
    failures: int
    rps: float
    latency_ms: Times
    thresholds: list[Held]
    ttft_ms: Times | None = None
    itl_ms: Times | None = None
    by_name: list[Named] = field(default_factory=list)
    errors: list[Error] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    target: str = ""
    users: int | None = None
    spawn_rate: float | None = None
    tenant: Tenant | None = None
    started_at: str = ""
    engine: str = "locust"
    command: str = ""
    load: Load | None = None
    arrivals: Arrived | None = None
    generator: Generator | None = None
    environment: Environment | None = None
    intervals: list[Interval] = field(default_factory=list)
    distribution: Distribution | None = None
    tokens: Tokens | None = None
    slowest: list[Slow] = field(default_factory=list)
    server: list[ServerChart] = field(default_factory=list)
    breakers: list[Transition] = field(default_factory=list)
    comparison: Comparison | None = None
    limit: Limit | None = None
    schema: str = SCHEMA

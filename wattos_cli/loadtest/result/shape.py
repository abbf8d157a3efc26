"""The shape of `wattos.loadtest/v1`, as it is made, written and read: what later versions add is passed over.

Times are in ms, `at_s` counts from the run's start. What a result may lack has a default; what is UNSET is
not written at all.
"""

from msgspec import UNSET, Struct, UnsetType, field

from wattos_cli.loadtest.judging.verdict import Verdict
from wattos_cli.loadtest.result.asked import Environment, Load, Tenant
from wattos_cli.loadtest.result.counted import Distribution, Error, Interval, Named, Times, Tokens
from wattos_cli.loadtest.result.seen import Arrived, Generator, ServerChart, Slow, Transition

SCHEMA = "wattos.loadtest/v1"
REGRESSION = "regression"


class Held(Struct):
    """One threshold with what was measured."""

    expression: str
    value: float | None
    ok: bool


class Compared(Struct):
    """One figure of two runs, in `unit` (ms, share or /s).

    `low` and `high` enclose the ratio, or for shares, which have none, the difference. `verdict`: regression,
    improvement, no_change (a change that counts is out of the question), unclear or no_sample. `name` is that
    of the requests, "" for all together.
    """

    metric: str
    baseline: float | None
    now: float | None
    ratio: float | None
    low: float | None
    high: float | None
    verdict: str
    unit: str = "ms"
    name: str = ""


class Comparison(Struct):
    """This run beside an earlier one: regression or no_regression.

    `rows` are of all requests together, `by_name` of each name that has enough of them; `too_few` are the
    names that have not.
    """

    verdict: str
    rows: list[Compared]
    baseline: str = ""
    confidence: float = 0.95
    by_name: list[Compared] = field(default_factory=list)
    confidence_by_name: float | None = None
    too_few: list[str] = field(default_factory=list)

    @property
    def regressions(self) -> list[str]:
        """Return what got worse: figures of all requests together first, then those of names."""
        worse = [row for row in (*self.rows, *self.by_name) if row.verdict == REGRESSION]
        return [f"{row.metric} of {row.name}" if row.name else row.metric for row in worse]


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


class Result(Struct, kw_only=True):
    """The result of one run."""

    schema: str = SCHEMA
    scenario: str
    verdict: Verdict
    started_at: str = ""
    duration_s: float
    requests: int
    failures: int
    rps: float
    latency_ms: Times
    ttft_ms: Times | UnsetType = UNSET
    itl_ms: Times | UnsetType = UNSET
    thresholds: list[Held]
    by_name: list[Named] = field(default_factory=list)
    errors: list[Error] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    target: str = ""
    users: int | UnsetType = UNSET
    spawn_rate: float | UnsetType = UNSET
    tenant: Tenant | None = None
    command: str = ""
    engine: str = "locust"
    load: Load | UnsetType = UNSET
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

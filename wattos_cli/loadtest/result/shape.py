"""The shape of `wattos.loadtest/v1` as a reader takes it: what later versions add is passed over.

Times are in ms, `at_s` counts from the run's start. What a result may lack has a default.
"""

from typing import Literal

from msgspec import Struct, field

from wattos_cli.loadtest.histogram import ZERO, Histogram

SCHEMA = "wattos.loadtest/v1"
_MOST = 10_000
"""The largest bucket of a histogram is beyond all times there are."""


class Times(Struct):
    """Quantiles in ms; None where there is no sample."""

    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


class Dumped(Struct):
    """A histogram as `Histogram.dump` writes it."""

    count: int
    total: float
    min: float | None
    max: float
    buckets: dict[str, int]

    def __post_init__(self) -> None:
        """Refuse buckets that no value lies in; msgspec adds where they stand."""
        for bucket, count in self.buckets.items():
            if count < 0 or not ZERO <= int(bucket) <= _MOST:
                raise ValueError(f"bucket {bucket}: {count} is nothing that a histogram counts")

    def histogram(self) -> Histogram:
        """Return it as a histogram."""
        plain = {"count": self.count, "total": self.total, "min": self.min, "max": self.max}
        return Histogram.load({**plain, "buckets": self.buckets})


class Held(Struct):
    """One threshold with what was measured."""

    expression: str
    value: float | None
    ok: bool


class Named(Struct):
    """The requests of one name."""

    name: str
    requests: int
    failures: int
    statuses: dict[str, int]
    latency_ms: Times
    ttft_ms: Times | None = None
    itl_ms: Times | None = None


class Error(Struct):
    """How often one error came."""

    error: str
    count: int


class Tenant(Struct):
    """As whom the users came."""

    name: str
    keys: int
    per_minute: int
    policy: str = ""


class Stage(Struct):
    """So many users, or arrivals a second, at the end of a stretch."""

    duration_s: float
    users: int | None = None
    rate: float | None = None


class Arrivals(Struct):
    """The open model's shape."""

    shape: str
    stages: list[Stage] = field(default_factory=list)


class Load(Struct):
    """What was asked of the generator."""

    model: str
    users: int | None = None
    spawn_rate: float | None = None
    stages: list[Stage] | None = None
    arrivals: Arrivals | None = None
    processes: int | None = None


class Arrived(Struct):
    """What became of the arrivals of an open model."""

    intended: int
    dropped: int
    lateness_ms: Times | None = None


class Workers(Struct):
    """The generator's workers."""

    expected: int
    lost: int


class Generator(Struct):
    """How the generator itself fared."""

    cpu_share: float | None = None
    processes: int | None = None
    workers: Workers | None = None
    saturated: bool = False


class Machine(Struct):
    """Where the load came from."""

    id: str = ""
    cpu: str = ""
    cores: int | None = None
    memory_bytes: int | None = None
    system: str = ""


class Environment(Struct):
    """What a figure depends on beside the code that was measured."""

    machine: Machine = field(default_factory=Machine)
    versions: dict[str, str | None] = field(default_factory=dict)
    scenario_hash: str = ""


class Counted(Struct):
    """The requests of one name in one interval; `ttft` and `itl` where they were measured."""

    count: int
    failures: int
    latency: Dumped
    ttft: Dumped | None = None
    itl: Dumped | None = None


class Interval(Struct):
    """A stretch of the run."""

    at_s: float
    span_s: float
    users: int = 0
    dropped: int = 0
    requests: dict[str, Counted] = field(default_factory=dict)


class Tokens(Struct):
    """What models put out."""

    output: int
    per_s: dict[str, float | None] = field(default_factory=dict)


class Slow(Struct):
    """One of the slowest requests."""

    name: str
    at_s: float
    latency_ms: float
    trace_id: str | None = None
    status: int | str | None = None


class ServerSeries(Struct):
    """One line of a chart of the server; a None is a gap."""

    label: str
    points: list[tuple[float, float | None]]


class ServerChart(Struct):
    """One metric of the server."""

    title: str
    unit: str
    series: list[ServerSeries]


class Transition(Struct, rename={"from_": "from"}):
    """A breaker that changed its state."""

    at_s: float
    service: str
    name: str
    from_: str
    to: str
    replica: int | str = 0
    cause: str = ""


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


class Distribution(Struct):
    """How the times of the whole run are distributed."""

    latency: Dumped | None = None
    ttft: Dumped | None = None
    itl: Dumped | None = None


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

"""What was counted, by name and in the course of time."""

from msgspec import UNSET, Struct, UnsetType, field

from wattos_cli.loadtest.measuring.histogram import ZERO, Histogram

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


class Counted(Struct):
    """The requests of one name in one interval; `ttft` and `itl` where they were measured."""

    count: int
    failures: int
    latency: Dumped
    ttft: Dumped | UnsetType = UNSET
    itl: Dumped | UnsetType = UNSET


class Interval(Struct):
    """A stretch of the run."""

    at_s: float
    span_s: float
    users: int = 0
    dropped: int = 0
    requests: dict[str, Counted] = field(default_factory=dict)


class Distribution(Struct):
    """How the times of the whole run are distributed."""

    latency: Dumped | UnsetType = UNSET
    ttft: Dumped | UnsetType = UNSET
    itl: Dumped | UnsetType = UNSET


class Named(Struct):
    """The requests of one name."""

    name: str
    requests: int
    failures: int
    statuses: dict[str, int]
    latency_ms: Times
    ttft_ms: Times | UnsetType = UNSET
    itl_ms: Times | UnsetType = UNSET


class Error(Struct):
    """How often one error came."""

    error: str
    count: int


class Tokens(Struct):
    """What models put out."""

    output: int
    per_s: dict[str, float | None] = field(default_factory=dict)

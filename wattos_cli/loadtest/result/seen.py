"""What was seen beside the requests: of the generator, and of the server."""

from msgspec import Struct

from wattos_cli.loadtest.result.counted import Times


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

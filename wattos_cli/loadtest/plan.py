"""What the generator is to do, as it is handed to its process."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

GRACE_S = 10.0
"""So long what is under way at the end of a run may take."""
Engine = Literal["locust", "fast"]
Role = Literal["alone", "master", "worker"]
_EVERYWHERE = frozenset({"0.0.0.0", "[::]", "::", "*"})


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a run at whose end `level` is reached in a straight line: users, or arrivals a second."""

    duration_s: float
    level: float


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The open model: iterations begin when they are due, whoever is still busy.

    The rate begins at `start` and goes through `stages`; a constant rate is one stage that ends where it
    began. `poisson` draws the gaps between arrivals from the exponential distribution, else they are even.
    """

    start: float
    stages: tuple[Stage, ...]
    poisson: bool = False


@dataclass(frozen=True, slots=True)
class Crew:
    """Locust's distributed engine over several machines.

    A master listens at `address` (HOST:PORT, port 0: any free one) until `workers` have come, `wait_s` at the
    longest; a worker finds it there. Within one machine `Plan.processes` is all that it takes.
    """

    role: Role = "alone"
    address: str = ""
    workers: int = 1
    wait_s: float = 60.0

    @property
    def joining(self) -> str:
        """Return the command of a worker; HOST stands for the machine of a master that listens everywhere."""
        host, _, port = self.address.rpartition(":")
        return f"wattos loadtest SCENARIO --worker {'HOST' if host in _EVERYWHERE else host}:{port}"


@dataclass(frozen=True)
class Plan:
    """One run of the generator.

    `journeys` are classes of `locustfile` with their weights (0: as the class says); none: all that it has.
    `users` are those of the closed model, in the open model the most that are busy at once; `stages` change
    their number. `duration_s` may be infinite: until the file's own shape ends, or somebody stops it.
    `models` are those that a journey may ask beside `model` whatever they cost: that was settled before.
    `tokens` are the users', one after the other. `objectives_ms` are what a request must keep to be good.
    What they make for the whole tenant has names that begin with `prefix`, which is this run's alone.
    `seed` makes the choices of the users repeatable. `processes` share the users, and the arrivals.
    Users are given `stop_s` to finish what they do when the run ends.
    `ui_port` is where Locust's page listens on 127.0.0.1; None: no page.
    """

    locustfile: Path
    journeys: Mapping[str, int]
    host: str
    users: int
    spawn_rate: float
    duration_s: float
    stages: tuple[Stage, ...] = ()
    arrivals: Arrivals | None = None
    engine: Engine = "locust"
    processes: int = 1
    crew: Crew = Crew()
    ui_port: int | None = None
    stop_s: float = GRACE_S
    model: str = ""
    models: Sequence[str] = ()
    seed: int = 0
    tokens: Sequence[str] = ()
    prefix: str = ""
    objectives_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def generators(self) -> int:
        """Return how many processes make the load, on this machine or on others."""
        return self.crew.workers if self.crew.role == "master" else self.processes

    def dump(self) -> str:
        """Return the plan as JSON; it holds the tokens: for a file that nobody else may read."""
        return json.dumps({**asdict(self), "locustfile": str(self.locustfile)})

    @classmethod
    def load(cls, text: str) -> "Plan":
        """Return the plan that `dump` wrote."""
        value: dict[str, Any] = json.loads(text)
        arrivals = value["arrivals"]
        value["locustfile"] = Path(value["locustfile"])
        value["stages"] = _stages(value["stages"])
        value["crew"] = Crew(**value["crew"])
        value["arrivals"] = arrivals and Arrivals(**{**arrivals, "stages": _stages(arrivals["stages"])})
        return cls(**value)


def _stages(values: Sequence[Mapping[str, float]]) -> tuple[Stage, ...]:
    return tuple(Stage(**value) for value in values)

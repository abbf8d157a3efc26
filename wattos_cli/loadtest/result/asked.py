"""What was asked of a run, by whom and where."""

from msgspec import Struct, field


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

"""What was asked of a run, by whom and where."""

from msgspec import UNSET, Struct, UnsetType, field


class Tenant(Struct):
    """As whom the users came."""

    name: str
    keys: int
    per_minute: int
    policy: str = ""


class UsersStage(Struct):
    """A stretch of the closed model, and how many users there are at its end."""

    duration_s: float
    users: int


class ArrivalsStage(Struct):
    """A stretch of the open model, and how many arrive a second at its end."""

    duration_s: float
    rate: float


class Arrivals(Struct):
    """The open model's shape; `start` is the rate at which it begins."""

    shape: str
    start: float | UnsetType = UNSET
    stages: list[ArrivalsStage] = field(default_factory=list)


class Load(Struct):
    """What was asked of the generator."""

    model: str
    users: int | None = None
    spawn_rate: float | None = None
    stages: list[UsersStage] | None = None
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

"""What is to run: made from catalog, configuration and flags, obeyed by the supervisor."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

# What a difference in the files of a component is called, where reasons for a restart are told.
CONFIGURATION = "configuration"
Kind = Literal["bundled", "own", "component"]


@dataclass(frozen=True, slots=True)
class Edge:
    """One dependency; `critical` says whether the dependent is of any use without it."""

    name: str
    critical: bool


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """One service as it shall run.

    `command` is executed as it stands; a bundled service has none, it is `serve NAME` of the platform.
    `environ` is laid over the plan's. `health` is an HTTP path on the port, "" when there is nothing to ask.
    `configuration` is what a component reads, file names with their content; it is asked with `password`.
    `replicas` is None when the user named no number: what runs stays, else one.
    """

    name: str
    kind: Kind
    port: int = 0
    command: tuple[str, ...] = ()
    url: str = ""
    health: str = ""
    cwd: str = ""
    log_file: str = ""
    metrics: str = ""
    depends_on: tuple[Edge, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    replicas: int | None = None
    database: bool = False
    oneshot: bool = False
    configuration: Mapping[str, str] = field(default_factory=dict, repr=False)
    password: str = field(default="", repr=False)

    @property
    def attached(self) -> bool:
        """Return whether the service runs elsewhere and is only watched."""
        return self.kind == "own" and not self.command

    @property
    def handed_socket(self) -> bool:
        """Return whether the supervisor binds the port and hands the listening socket over."""
        return self.kind == "bundled"

    @property
    def base_url(self) -> str:
        """Return where the service answers, "" when it has no port."""
        if self.url:
            return self.url
        return f"http://127.0.0.1:{self.port}" if self.port else ""

    @property
    def metrics_url(self) -> str:
        """Return where a foreign service's metrics are, "" when it has none (or is ours)."""
        if not self.metrics or "://" in self.metrics:
            return self.metrics
        return self.base_url.rstrip("/") + self.metrics if self.base_url else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All services of one `up`, dependencies first, and the environment they share.

    `digests` names what a later `up` compares, so that a stale service is told why: settings, version.
    `metrics` says how the supervisor keeps metrics; empty: as it is by default.
    `above` are the flags and variables of that `up` which stand above wattos.toml when it is read again.
    """

    services: tuple[ServicePlan, ...]
    environ: Mapping[str, str]
    port_offset: int = 0
    api_port: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    service_config: Mapping[str, Any] = field(default_factory=dict)
    above: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def service(self, name: str) -> ServicePlan | None:
        """Return the plan of `name`, None if it is not part of this one."""
        return next((service for service in self.services if service.name == name), None)

    def with_config_of(self, other: "Plan") -> "Plan":
        """Return this plan with the services' configuration of `other`, which needs no new process."""
        digests = with_tables(self.digests, other.digests)
        return replace(self, service_config=other.service_config, digests=digests)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON-able data; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Plan":
        """Return the plan that `to_json` wrote; KeyError or TypeError if it is none."""
        services = tuple(_service(item) for item in value["services"])
        return replace(cls((), {}), **{**value, "services": services})


def _service(value: Mapping[str, Any]) -> ServicePlan:
    edges = tuple(Edge(**edge) for edge in value["depends_on"])
    return ServicePlan(**{**value, "depends_on": edges, "command": tuple(value["command"])})


def digest(value: object) -> str:
    """Return a short fingerprint of JSON-able `value` that does not depend on the order of keys."""
    import hashlib  # brings OpenSSL, which the supervisor has no use for

    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_table(name: str) -> bool:
    """Return whether a digest is of a table of the services' configuration, not of a variable."""
    return name.startswith("[")


def with_tables(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Return the digests `old` with those of the tables in `new`."""
    variables = {name: value for name, value in old.items() if not is_table(name)}
    return variables | {name: value for name, value in new.items() if is_table(name)}


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the names whose digests differ or are on one side only, in order."""
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def stop_waves(services: Sequence[ServicePlan]) -> list[list[str]]:
    """Return the names in the order of stopping: each wave only after everything that uses it.

    A cycle among own services cannot be ordered; its members stop together, last.
    """
    remaining = {service.name: {edge.name for edge in service.depends_on} for service in services}
    waves: list[list[str]] = []
    while remaining:
        used: set[str] = set().union(*remaining.values())
        wave = [name for name in remaining if name not in used] or list(remaining)
        waves.append(wave)
        for name in wave:
            del remaining[name]
    return waves


def with_dependencies(names: Iterable[str], services: Sequence[ServicePlan]) -> list[ServicePlan]:
    """Return the plans of `names` and of all they depend on, dependencies first.

    KeyError for a name without a plan. An edge to a service that is not part of `services` is passed over.
    """
    known = {service.name: service for service in services}
    ordered: dict[str, ServicePlan] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered or name in path:
            return
        for edge in known[name].depends_on:
            if edge.name in known:
                visit(edge.name, (*path, name))
        ordered[name] = known[name]

    for name in names:
        visit(name, ())
    return list(ordered.values())

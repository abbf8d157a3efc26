"""What a project is to run: from wattos.toml, environment, flags and what is remembered, to a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wattos_cli.config.model import Config
from wattos_cli.config.schema import FIELDS
from wattos_cli.project import Project
from wattos_cli.supervisor import credentials, flags, last_ports, listeners, platform_plan
from wattos_cli.supervisor.plan import Plan
from wattos_platform import catalog

# Flags of `up` that stand above wattos.toml as long as the platform runs, and variables that do.
_LASTING_FLAGS = frozenset({"llm.providers", "env.file"})
_LASTING_VARIABLES = tuple(each.env for each in FIELDS if each.env and each.key.startswith("llm."))


@dataclass(frozen=True, slots=True)
class Request:
    """What to bring up; `flags` are setting keys with the values that the command line gave."""

    services: tuple[str, ...] = ()
    scale: Mapping[str, int] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    port_offset: str | None = None
    also: tuple[str, ...] = ()
    recreate: bool = False
    flags: Mapping[str, Any] = field(default_factory=dict)


def plan_of(request: Request, config: Config, project: Project) -> tuple[Plan, last_ports.LastPorts]:
    """Return the plan and the ports to remember: flags before configuration before what was remembered."""
    last = last_ports.recall(project)
    named = {**last.ports, **request.ports}
    without_flags = last_ports.in_force(config, last)
    ports = {**without_flags.ports, **request.ports}
    offset = without_flags.port_offset if request.port_offset is None else flags.offset(request.port_offset)
    if offset is None:
        wanted = [port for name, port in platform_plan.default_ports(config).items() if name not in ports]
        running = (project.read_services() or {}).get("supervisor")
        offset = last.port_offset or 0 if running else listeners.free_offset("127.0.0.1", wanted)
    plan = platform_plan.build(
        config,
        platform_plan.Wanted(
            services=request.services,
            also=(*config.up_with, *request.also, *_running_beside(project)),
            scale={**config.scale, **request.scale},
            ports=ports,
            port_offset=offset,
            passwords=credentials.passwords(project),
        ),
    )
    return plan, last_ports.LastPorts(offset, named)


def above_the_file(request: Request, environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return which flags and variables of this `up` stand above wattos.toml when it is read again later."""
    return {
        "flags": {key: value for key, value in request.flags.items() if key in _LASTING_FLAGS},
        "environ": {name: environ[name] for name in _LASTING_VARIABLES if environ.get(name)},
    }


def plan_of_what_runs(config: Config, project: Project) -> Plan:
    """Return the plan of a running platform under another configuration: nothing is started for it.

    What `up.with` names and does not run is no part of it; a provider must not be sought at a simulator that
    is not there.
    """
    credentials.ensure(project)
    return plan_of(Request(), replace(config, up_with=()), project)[0]


def _running_beside(project: Project) -> list[str]:
    """Return what runs although it does not start by default: every `up` keeps it in the picture.

    Without it services would be started with other settings: real providers in place of the simulator,
    memory in place of Redis.
    """
    state = project.read_services() or {}
    if not state.get("supervisor"):
        return []
    running = {row["name"] for row in state["services"] if row["kind"] != "own" and row["state"] != "stopped"}
    return sorted(running & catalog.OPTIONAL)

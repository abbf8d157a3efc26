"""Is the project set up well: configuration, ports, state, providers, and what it is to connect to."""

import difflib
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from wattos_cli.config import Config, load
from wattos_cli.config.environment import SEED_NAMES, twin
from wattos_cli.config.llm import keyless, modelless, unaddressed
from wattos_cli.config.schema import FIELDS, PROVIDER_KEYS
from wattos_cli.deps import Deps
from wattos_cli.diagnosis.findings import Finding, Level, ok
from wattos_cli.errors import WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor import last_flags, last_ports
from wattos_cli.supervisor.components import planning
from wattos_cli.supervisor.simulated import SIMULATOR
from wattos_platform import catalog
from wattos_platform.catalog import Component

_CONNECT_S = 0.8
_ALIKE = 0.92
_REDIS_PORT = 6379


def configuration(project: Project, deps: Deps) -> Sequence[Finding]:
    """Check that wattos.toml and the environment are valid."""
    try:
        config = load(project.root, deps.environ)
    except WattosError as error:
        return [Finding("configuration", Level.ERROR, error.message, "wattos config validate")]
    return [ok("configuration", f"{config.file or 'no wattos.toml, defaults'}: valid")]


def ports(project: Project, deps: Deps) -> Sequence[Finding]:
    """Check that the services' ports are free, or held by this very platform."""
    from wattos_cli.supervisor.listeners import cannot_bind

    config = _config(project, deps)
    if config is None:
        return []
    ours = {int(row["port"]) for row in _alive(project) if row.get("port")}
    findings = []
    wanted = _wanted_ports(project, config)
    for name, port in wanted:
        error = None if name in config.disabled or port in ours else _bind_error(port)
        if error is not None:
            told = cannot_bind(name, port, error, deps.environ, project)
            findings.append(Finding("ports", Level.ERROR, told.message, told.hint))
    return findings or [ok("ports", f"{wanted[0][1]}-{wanted[-1][1]} are free or ours")]


def state(project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that what the state file says runs, runs."""
    written = project.services_file.exists()
    alive = _alive(project)
    if alive:
        broken = [
            f"{row['name']} ({row['state']})"
            for row in alive
            if row.get("state") in {"backoff", "crash_loop"}
        ]
        if broken:
            name = broken[0].split()[0]
            return [
                Finding(
                    "state",
                    Level.ERROR,
                    f"does not stay up: {', '.join(broken)}",
                    f"wattos logs {name} -n 50",
                )
            ]
        return [ok("state", f"{len(alive)} services run")]
    return [
        ok(
            "state",
            "nothing runs; an earlier run left its state, which `up` takes over"
            if written
            else "nothing runs",
        )
    ]


def providers(project: Project, deps: Deps) -> Sequence[Finding]:
    """Check that named providers have their keys; keys of others are only mentioned."""
    config = _config(project, deps)
    if config is None:
        return []
    named = list(config.llm["providers"])
    if named and _simulates(project):
        played = ", ".join(named)
        return [ok("providers", f"the simulator stands in for: {played}; no request leaves this machine")]
    findings = []
    for name, variable in unaddressed(config.llm, config.environ).items():
        mend = f"export {variable}=https://...   or base_url in [llm.provider.{name}]"
        findings.append(Finding("providers", Level.ERROR, f"{name} is named but has no address", mend))
    for name, variable in modelless(config.llm, config.environ).items():
        message = f"{name} is named, but no model of it, so the alias default passes it over"
        mend = f"export {variable}=...   or default_model in [llm.provider.{name}]"
        findings.append(Finding("providers", Level.WARNING, message, mend))
    for name, variable in keyless(config.llm, config.environ).items():
        or_file = f"   or {variable}_FILE=/path" if variable in PROVIDER_KEYS.get(name, ()) else ""
        mend = f"export {variable}=...{or_file}"
        findings.append(Finding("providers", Level.ERROR, f"{name} is named but has no key", mend))
    for name, variables in PROVIDER_KEYS.items():
        if name not in named and any(config.environ.get(variable) for variable in variables):
            message = f"a key for {name} is set, but {name} is not named, so nothing is sent there"
            mend = f'to use it: wattos up --provider {name}   or providers = ["{name}"] in [llm]'
            findings.append(Finding("providers", Level.HINT, message, mend))
    mute = {*unaddressed(config.llm, config.environ), *keyless(config.llm, config.environ)}
    answered_by = ", ".join([*(name for name in named if name not in mute), "local"])
    by_flag = " (--provider of the last up)" if config.setting("llm.providers").origin == "flag" else ""
    return [*findings, ok("providers", f"answers come from: {answered_by}{by_flag}")]


def _simulates(project: Project) -> bool:
    """Return whether the platform runs with the simulator, which stands in for every provider."""
    rows = (project.read_services() or {}).get("services", [])
    return any(row.get("name") == SIMULATOR and row.get("state") != "stopped" for row in rows)


def variables(_project: Project, deps: Deps) -> Sequence[Finding]:
    """Check that no WATTOS_ variable is a misspelt setting; one that resembles none is another program's."""
    from wattos_cli.config import platform_settings

    seeds = [name for seed in SEED_NAMES for name in (twin(seed), f"{twin(seed)}_FILE")]
    own = ["WATTOS_TOKEN", "WATTOS_TOKEN_FILE", "WATTOS_GATEWAY_URL", *(f.env for f in FIELDS if f.env)]
    known = {*seeds, *own, *platform_settings.by_variable(), *(s.url_variable for s in catalog.SERVICES)}
    findings = []
    for name in sorted(deps.environ):
        if not name.startswith("WATTOS_") or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
        if near:
            message = f"{name} is not a setting; did you mean {near[0]}?"
            findings.append(
                Finding("variables", Level.WARNING, message, f"unset {name}; export {near[0]}=...")
            )
    return findings or [ok("variables", "no misspelt WATTOS_ variable")]


def limits(project: Project, deps: Deps) -> Sequence[Finding]:
    """Check that no limit is set for what nobody serves."""
    config = _config(project, deps)
    if config is None:
        return []
    return _ineffective(config, "limits") or [ok("limits", "each is for something that is served")]


def connections(project: Project, deps: Deps) -> Sequence[Finding]:
    """Check that Redis, where it is configured, accepts connections or can be started; and the database."""
    config = _config(project, deps)
    if config is None:
        return []
    database = _ineffective(config, "database") or [ok("database", "each service has its SQLite file")]
    components = _components(project, config)
    found = [*(_component(each, config) for each in components), *database]
    url = config.environ.get("REDIS_URL")
    if any("REDIS_URL" in each.env_given_to for each in components):
        return found
    return [_redis(url) if url else ok("redis", "REDIS_URL is not set: memory is used"), *found]


def _ineffective(config: Config, subject: str) -> list[Finding]:
    """Return a finding for each thing about `subject` that is set and changes nothing."""
    return [
        Finding(subject, Level.WARNING, found.sentence, found.mend)
        for found in config.without_effect()
        if found.subject == subject
    ]


def _wanted_ports(project: Project, config: Config) -> list[tuple[str, int]]:
    """Return each service that `up` starts here with its port, as remembered where the file is silent."""
    placed = last_ports.in_force(config, last_ports.recall(project))
    names = [s.name for s in catalog.SERVICES if s.default] + [c.name for c in _components(project, config)]
    return [(name, placed.ports.get(name, catalog.PORTS[name] + (placed.port_offset or 0))) for name in names]


def _components(project: Project, config: Config) -> list[Component]:
    """Return the components that `up` starts here, or that run."""
    wanted = {*config.up_with, *(row["name"] for row in _alive(project))}
    return [component for component in config.components() if component.name in wanted]


def _component(component: Component, config: Config) -> Finding:
    """Return whether `up` can start `component`, to which the variables that it gives then point."""
    program = planning.installed(component, config.environ)
    for variable in filter(config.environ.get, component.env_given_to):
        message = f"{variable} is set, but `up` starts {component.name}: only one can be meant"
        return Finding(component.name, Level.ERROR, message, f"unset {variable}")
    if not program:
        message = f"{component.programs[0]} is not on the PATH"
        return Finding(component.name, Level.ERROR, message, component.install)
    return ok(component.name, f"`up` starts {program}")


def _redis(url: str) -> Finding:
    """Return whether something listens at `url`, which is valid. What services say of it: `wattos health`."""
    parts = urlsplit(url)
    port = parts.port or _REDIS_PORT
    place = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{port}"
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(_CONNECT_S)
                probe.connect(parts.path)
        else:
            socket.create_connection((parts.hostname, port), timeout=_CONNECT_S).close()
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{place} does not answer: {reason}"
        return Finding("redis", Level.WARNING, message, "start it, or unset REDIS_URL to use memory")
    return ok("redis", f"{place} answers")


def _config(project: Project, deps: Deps) -> Config | None:
    """Return the configuration, under the flags of the platform that runs.

    None when it is invalid, which is another check's finding.
    """
    try:
        return load(project.root, deps.environ, last_flags.in_force(project))
    except WattosError:
        return None


def _alive(project: Project) -> list[dict[str, Any]]:
    rows = (project.read_services() or {}).get("services", [])
    return [row for row in rows if row.get("state") != "stopped"]


def _bind_error(port: int) -> OSError | None:
    """Return why nothing of ours can listen on `port` of this machine, None when it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None

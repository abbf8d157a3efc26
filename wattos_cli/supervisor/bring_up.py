"""The work of `wattos up`, from configuration to the table of what runs."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wattos_cli.config.llm import keyless
from wattos_cli.config.loading import load
from wattos_cli.config.model import Config
from wattos_cli.config.schema import PROVIDER_KEYS
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project, find
from wattos_cli.render import columns
from wattos_cli.supervisor import (
    credentials,
    last_flags,
    launch,
    listing,
    memory,
    operate,
    platform_plan,
)
from wattos_cli.supervisor.client import ControlClient, SupervisorGoneError
from wattos_cli.supervisor.components import planning
from wattos_cli.supervisor.desired import Request, above_the_file, plan_of
from wattos_cli.supervisor.last_platform import LastPlatform
from wattos_cli.supervisor.plan import Plan, is_table
from wattos_cli.supervisor.protocol import STOPPING
from wattos_cli.supervisor.settings import from_environ
from wattos_cli.supervisor.simulated import SIMULATOR
from wattos_cli.supervisor.watch import Watch

SCHEMA = "wattos.up/v1"
_STOP_TIMEOUT_S = 60.0
_OWN_KEY = "wk_"  # what `wattos env` puts where SDKs look for their provider's key
_PROVIDER_KEYS = {variable: name for name, variables in PROVIDER_KEYS.items() for variable in variables}


def bring_up(
    request: Request, deps: Deps, *, timings: bool, foreground: bool, down_on_failure: bool
) -> ExitCode:
    """Start what is missing, wait, and show it; stay with it when `foreground`.

    Raises WattosError: exit 1 when something did not become ready, 3 for a wrong configuration.
    """
    begun = deps.monotonic()
    _refuse_windows()
    project = find(deps.cwd)
    config = load(project.root, deps.environ, request.flags)
    _check_supervisor_settings(config)
    project.prepare()
    credentials.ensure(project)
    plan, ports = plan_of(request, config, project)
    plan = replace(plan, above=above_the_file(request, deps.environ))
    last, given = last_flags.recall(project), last_flags.of(request)
    planning.require_programs(plan.services, config.environ)
    client = _reach(plan, project, config, deps)
    connected = deps.monotonic()
    if request.recreate and _is_of_other_version(client, config.up_timeout_s):
        _stop(project)
        client = _reach(plan, project, config, deps)
    client, result = _request_up(client, request, plan, project=project, config=config, deps=deps)
    with client:
        memory.remember(project, ports)
        last_flags.remember(project, given)
        try:
            watch = operate.follow(client, [s.name for s in plan.services], config.up_timeout_s, deps)
        except KeyboardInterrupt:
            deps.console.note("The platform goes on starting. See it: wattos ps   Stop it: wattos down")
            raise
    _show(watch, deps)
    if timings:
        _show_timings(watch, project, deps, connected - begun, deps.monotonic() - begun)
    try:
        operate.raise_unless_ready(watch, config.up_timeout_s, deps)
    except WattosError:
        if down_on_failure:
            _stop(project)
        raise
    _tell_dropped(last_flags.dropped(last, given, config, fresh=client.fresh), deps)
    _tell_next(config, result, deps, simulated=any(s.name == SIMULATOR for s in plan.services))
    return _stay(project, deps) if foreground else ExitCode.OK


def _refuse_windows() -> None:
    if sys.platform == "win32":
        raise WattosError(
            "the platform does not run on Windows itself",
            hint="Run it in WSL2: wsl --install, then install and run wattos there.",
            code="platform_unsupported",
            exit_code=ExitCode.CONFIG,
        )


def _check_supervisor_settings(config: Config) -> None:
    """Raise WattosError (exit 3) for a setting of the supervisor that is no number."""
    try:
        from_environ(config.environ)
    except ValueError as error:
        raise WattosError(
            f"environment: {error}",
            hint="The supervisor's settings: docs/reference/supervisor.md",
            code="config_invalid",
            exit_code=ExitCode.CONFIG,
        ) from error


def _reach(plan: Plan, project: Project, config: Config, deps: Deps) -> ControlClient:
    """Return a client of the project's supervisor, started now if none runs."""
    forks = config.start_method == "fork" and sys.platform == "linux"
    needs = platform_plan.needs(plan, project.data_dir, forks=forks)
    return launch.connect_or_start(project, config.environ, needs, deps.sleep)


def _is_of_other_version(client: ControlClient, timeout_s: float) -> bool:
    try:
        return client.speaks_other_protocol(timeout_s)
    except (SupervisorGoneError, TimeoutError):
        return False  # the request that follows says what is wrong


def _request_up(
    client: ControlClient, request: Request, plan: Plan, *, project: Project, config: Config, deps: Deps
) -> tuple[ControlClient, dict[str, Any]]:
    """Return the client on which the start can be followed, and what the supervisor said.

    One that is just ending is waited for, and another one started.
    """
    last_platform = LastPlatform.of(project)
    timeout_s = config.up_timeout_s + _STOP_TIMEOUT_S if request.recreate else config.up_timeout_s
    fields = {"plan": plan.to_json(), "recreate": request.recreate}
    try:
        return client, operate.request(client, "up", timeout_s, **fields)
    except WattosError as error:
        if error.code == operate.SUPERVISOR_ENDED and client.fresh:
            tail = " | ".join(operate.supervisor_log_tail(project)[-3:])
            error.message = f"{error.message} ({tail})" if tail else error.message
        if client.fresh or error.code not in {operate.SUPERVISOR_ENDED, STOPPING}:
            raise
    client.close()
    last_platform.ended_within(_STOP_TIMEOUT_S)
    client = _reach(plan, project, config, deps)
    return client, operate.request(client, "up", timeout_s, **fields)


def _show(watch: Watch, deps: Deps) -> None:
    rows = [listing.public(row, time.time()) for row in watch.rows]
    if deps.console.json_output:
        deps.console.json({"schema": SCHEMA, "services": rows})
    else:
        deps.console.data(listing.up_table(rows))


def _show_timings(watch: Watch, project: Project, deps: Deps, connect_s: float, total_s: float) -> None:
    """Write to stderr how long each part took; the parts of different services overlap."""
    deps.console.note(
        f"command line until the supervisor was reached: {columns.milliseconds(connect_s * 1000)}"
    )
    try:
        with launch.connect(project) as client:
            preload_ms = client.request("status", timeout_s=1.0)["timings"].get("preload_ms")
    except (SupervisorGoneError, TimeoutError):
        preload_ms = None
    if preload_ms:
        deps.console.note(f"fork server, imports: {columns.milliseconds(preload_ms)}")
    for row in watch.rows:
        deps.console.note(f"{listing.instance(row)}: ready after {columns.milliseconds(row['ready_ms'])}")
    deps.console.note(f"all: {columns.milliseconds(total_s * 1000)}")


def _tell_dropped(flags: Sequence[str], deps: Deps) -> None:
    """Write to stderr which flags of the last `up` no longer hold: they are never kept silently."""
    if not flags:
        return
    told = " ".join(flags)
    deps.console.note(
        f"The last up had {told}; this one has not. To have it again: wattos up --recreate {told}"
    )


def _tell_next(config: Config, result: Mapping[str, Any], deps: Deps, *, simulated: bool) -> None:
    """Write to stderr what is active, what is stale, and what to type next."""
    note = deps.console.note
    for name, reasons in result.get("stale", {}).items():
        remedy = "wattos config reload" if all(map(is_table, reasons)) else "wattos up --recreate"
        note(f"{name} runs with older settings ({', '.join(reasons)}). Renew it with: {remedy}")
    providers = list(config.llm.get("providers") or ())
    pending = any("[llm]" in reasons for reasons in result.get("stale", {}).values())
    title = "Model providers, once it is renewed" if pending else "Model providers"
    if providers:
        note(f"{title}: {', '.join(providers)}, then local")
    else:
        note(f"{title}: local (answers with sentences from your documents; no network)")
    for provider, variable in ({} if simulated else keyless(config.llm, config.environ)).items():
        note(f"{provider} has no key and is not asked. Set {variable}, then type this again with --recreate.")
    for variable, provider in _PROVIDER_KEYS.items():
        key = config.environ.get(variable, "")
        if key and not key.startswith(_OWN_KEY) and provider not in providers:
            note(f"{variable} is set but not used. To use it: wattos up --recreate --provider {provider}")
    for ineffective in config.without_effect():
        note(ineffective.sentence)
    if not deps.console.json_output:
        note('Next:\n  wattos ingest docs/\n  wattos ask "..."\n  wattos health')


def _stay(project: Project, deps: Deps) -> ExitCode:
    """Show what happens until the platform ends or we are interrupted, which ends it."""
    last_platform = LastPlatform.of(project)
    with operate.running_supervisor(project) as client:
        operate.request(client, "attach", _STOP_TIMEOUT_S)
        deps.console.note("In the foreground; Ctrl-C stops the platform.")
        try:
            _tell_changes(client, deps)
        finally:
            client.close()
            last_platform.ended_within(_STOP_TIMEOUT_S)
    return ExitCode.OK


def _tell_changes(client: ControlClient, deps: Deps) -> None:
    while True:
        try:
            message = client.change(1.0)
        except SupervisorGoneError:
            return
        if message and "row" in message:
            row = message["row"]
            reason = f": {row['reason']}" if row["reason"] else ""
            deps.console.note(f"{listing.instance(row)} {row['state']}{reason}")


def _stop(project: Project) -> None:
    last_platform = LastPlatform.of(project)
    try:
        with launch.connect(project) as client:
            operate.request(client, "down", _STOP_TIMEOUT_S, services=None)
    except SupervisorGoneError:
        return
    last_platform.ended_within(_STOP_TIMEOUT_S)

"""The work of `wattos up`, from configuration to the table of what runs."""

import sys
from dataclasses import replace
from typing import Any

from wattos_cli.config.loading import load
from wattos_cli.config.model import Config
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project, find
from wattos_cli.supervisor import (
    credentials,
    last_flags,
    last_ports,
    launch,
    operate,
    platform_plan,
    up_messages,
)
from wattos_cli.supervisor.client import ControlClient, SupervisorGoneError
from wattos_cli.supervisor.components import planning
from wattos_cli.supervisor.desired import Request, above_the_file, plan_of
from wattos_cli.supervisor.last_platform import LastPlatform
from wattos_cli.supervisor.plan import Plan
from wattos_cli.supervisor.protocol import STOPPING
from wattos_cli.supervisor.settings import from_environ
from wattos_cli.supervisor.simulated import SIMULATOR
from wattos_cli.supervisor.watch import Watch

_STOP_TIMEOUT_S = 60.0


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
    with deps.console.waiting("the supervisor prepares the start"):
        client, result = _request_up(client, request, plan, project=project, config=config, deps=deps)
    with client:
        last_ports.remember(project, ports)
        last_flags.remember(project, given)
        watch = _follow(client, plan, config, deps)
    up_messages.show(watch, deps)
    if timings:
        up_messages.show_timings(watch, project, deps, connected - begun, deps.monotonic() - begun)
    try:
        operate.raise_unless_ready(watch, config.up_timeout_s, deps)
    except WattosError:
        if down_on_failure:
            _stop(project)
        raise
    up_messages.tell_dropped(last_flags.dropped(last, given, config, fresh=client.fresh), deps)
    up_messages.tell_next(config, result, deps, simulated=any(s.name == SIMULATOR for s in plan.services))
    return _stay(project, deps) if foreground else ExitCode.OK


def _follow(client: ControlClient, plan: Plan, config: Config, deps: Deps) -> Watch:
    """Return what became of the start, once that is decided or its time is over."""
    try:
        return operate.follow(client, [s.name for s in plan.services], config.up_timeout_s, deps)
    except KeyboardInterrupt:
        deps.console.note("The platform goes on starting. See it: wattos ps   Stop it: wattos down")
        raise


def _refuse_windows() -> None:
    if sys.platform == "win32":
        raise WattosError(
            "the platform does not run on Windows itself",
            hint="run it in WSL2: wsl --install, then install and run wattos there.",
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
            hint="the supervisor's settings: docs/reference/supervisor.md",
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


def _stay(project: Project, deps: Deps) -> ExitCode:
    """Show what happens until the platform ends or we are interrupted, which ends it."""
    last_platform = LastPlatform.of(project)
    with operate.running_supervisor(project) as client:
        operate.request(client, "attach", _STOP_TIMEOUT_S)
        deps.console.note("In the foreground; Ctrl-C stops the platform.")
        try:
            up_messages.tell_changes(client, deps)
        finally:
            client.close()
            last_platform.ended_within(_STOP_TIMEOUT_S)
    return ExitCode.OK


def _stop(project: Project) -> None:
    last_platform = LastPlatform.of(project)
    try:
        with launch.connect(project) as client:
            operate.request(client, "down", _STOP_TIMEOUT_S, services=None)
    except SupervisorGoneError:
        return
    last_platform.ended_within(_STOP_TIMEOUT_S)

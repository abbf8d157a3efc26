"""What `up`, `down` and `restart` have in common: reach the supervisor, ask it, follow what happens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor import failures, launch
from wattos_cli.supervisor.client import ControlClient, SupervisorGoneError
from wattos_cli.supervisor.watch import Watch

SUPERVISOR_ENDED = "supervisor_ended"
UNANSWERED = frozenset({"supervisor_silent", "supervisor_timeout"})
"""The codes of errors that say: it runs, and does not do what it is told."""

_GREETING_S = 15.0
_POLL_S = 0.25


def running_supervisor(project: Project) -> ControlClient:
    """Return a client; WattosError (exit 4) when no platform runs in `project`."""
    try:
        return launch.connect(project)
    except SupervisorGoneError as error:
        from wattos_cli.clients.running import not_running

        raise not_running(project) from error


def request(client: ControlClient, operation: str, timeout_s: float, **fields: Any) -> dict[str, Any]:
    """Carry out `operation`; WattosError when the supervisor refuses, ends or does not answer in time."""
    try:
        if not client.fresh:
            _require_greeting(client, min(timeout_s, _GREETING_S))
        return client.request(operation, timeout_s=timeout_s, **fields)
    except TimeoutError as error:
        raise WattosError(
            f"the supervisor did not carry out {operation} within {timeout_s:g} s",
            hint="see what it does: wattos ps   Stop everything: wattos down",
            code="supervisor_timeout",
        ) from error
    except SupervisorGoneError as error:
        raise _supervisor_ended(error) from error


def _require_greeting(client: ControlClient, timeout_s: float) -> None:
    """Return when the supervisor answers at all; one that hangs, or was stopped, is told early."""
    try:
        client.wait_for_greeting(timeout_s)
    except TimeoutError as error:
        raise WattosError(
            f"the supervisor runs, but has not answered for {timeout_s:g} s",
            hint="end it and all that it started: wattos down   What it wrote last: wattos logs supervisor",
            code="supervisor_silent",
        ) from error


def follow(client: ControlClient, names: Sequence[str], timeout_s: float, deps: Deps) -> Watch:
    """Return what is known of `names` when all are ready, have failed, or `timeout_s` is over."""
    watch = Watch(tuple(names))
    deadline = deps.monotonic() + timeout_s
    with deps.console.waiting(watch.awaited()) as tell:
        while not watch.done() and (left_s := deadline - deps.monotonic()) > 0:
            try:
                message = client.change(min(left_s, _POLL_S))
            except SupervisorGoneError as error:
                raise _supervisor_ended(error) from error
            if message:
                watch.take(message)
                tell(watch.awaited())
    return watch


def raise_unless_ready(watch: Watch, timeout_s: float, deps: Deps) -> None:
    """Return when all are ready; else tell what failed and raise the error (exit 1, or 3)."""
    if all(row["state"] == "ready" for row in watch.rows) and watch.done():
        return
    if not deps.console.json_output:
        for line in failures.told(watch, timeout_s):
            deps.console.note(line)
    raise failures.error(watch, timeout_s)


def supervisor_log_tail(project: Project) -> list[str]:
    """Return the end of the supervisor's own log."""
    return failures.last_lines(Path(project.supervisor_log), 0)


def _supervisor_ended(error: SupervisorGoneError) -> WattosError:
    return WattosError(
        f"the supervisor ended meanwhile: {error}",
        hint="its log is .wattos/logs/supervisor.log. Start again with: wattos up",
        code=SUPERVISOR_ENDED,
    )

"""Whether components that were told to read their files again have done so: their own metrics say it."""

from collections.abc import Sequence

from wattos_cli.clients import running
from wattos_cli.clients.reloads import Outcome, Status
from wattos_cli.clients.running import Running
from wattos_cli.deps import Deps, NoReplyError
from wattos_cli.project import Project
from wattos_platform import catalog

_PATIENCE_S = 5.0
_POLL_S = 0.1
_CHANGED = ("configuration",)


def outcomes(deps: Deps, project: Project, components: Sequence[str], since_s: float) -> list[Outcome]:
    """Return what became of it at each of `components`, which were told after the instant `since_s`.

    One that has not read them some seconds later goes on with the old ones, as both programs do with files
    that they refuse.
    """
    deadline = deps.monotonic() + _PATIENCE_S
    targets = [row for row in running.running(project) if row.name in components]
    return [_outcome(deps, target, since_s, deadline) for target in targets]


def _outcome(deps: Deps, target: Running, since_s: float, deadline: float) -> Outcome:
    while not _has_read(deps, target, since_s):
        if deps.monotonic() >= deadline:
            return Outcome(
                target,
                Status.NOT_TAKEN,
                error=f"it goes on with its old files; the reason: wattos logs {target.name} --level error",
            )
        deps.sleep(_POLL_S)
    return Outcome(target, Status.RELOADED, _CHANGED)


def _has_read(deps: Deps, target: Running, since_s: float) -> bool:
    """Return whether its last successful reload is younger than `since_s`."""
    path = catalog.component(target.name).metrics
    try:
        reply = deps.http.request("GET", target.url, path, timeout_s=_PATIENCE_S)
    except NoReplyError:
        return False
    name = f"{target.name}_config_last_reload_success_timestamp_seconds "
    lines = reply.body.decode(errors="replace").splitlines()
    read_at = next((line.removeprefix(name) for line in lines if line.startswith(name)), "0")
    return float(read_at) >= since_s

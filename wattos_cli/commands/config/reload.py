"""`wattos config reload`: wattos.toml is read again while the platform runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode

if TYPE_CHECKING:
    from wattos_cli.clients.reloads import Outcome
    from wattos_cli.config import Config
    from wattos_cli.project import Project
    from wattos_cli.supervisor.plan import Plan
    from wattos_cli.supervisor.unapplied import Unapplied


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


def run(_opts: Options, deps: Deps) -> ExitCode:
    """Hand the services' configuration over, have it read, print what changed where.

    WattosError when wattos.toml is wrong (exit 3) or nothing runs (exit 4); then nothing has changed. Exit 1
    when a replica does not take it: if one refuses, it is taken back everywhere.
    """
    from wattos_cli.clients import reloads, rereads, running
    from wattos_cli.config import load
    from wattos_cli.supervisor import desired, handover

    project = running.project_of(deps)
    above = handover.above_the_file(project)
    config = load(project.root, {**above["environ"], **deps.environ}, above["flags"])
    plan = desired.plan_of_what_runs(config, project)
    handed = handover.hand_over(project, plan)
    outcomes = reloads.reload(deps, project, reloads.targets(project))
    if any(outcome.status is reloads.Status.REFUSED for outcome in outcomes):
        handover.hand_over(project, handed.previous)
        outcomes = reloads.take_back(deps, project, outcomes)
    else:
        since_s = deps.clock()
        told = handover.confirm(project, plan, _readers(outcomes))
        outcomes += rereads.outcomes(deps, project, told, since_s)
    _show(config, outcomes, _waiting(config, plan, project, handed.outdated, outcomes), deps)
    failed = any(outcome.status in reloads.FAILED for outcome in outcomes)
    return ExitCode.NO if failed else ExitCode.OK


def _readers(outcomes: "Sequence[Outcome]") -> dict[str, list[int]]:
    """Return the numbers of the replicas that have read the new file, by service."""
    from wattos_cli.clients.reloads import Status

    found: dict[str, list[int]] = {}
    for outcome in outcomes:
        if outcome.status in {Status.RELOADED, Status.UNCHANGED}:
            found.setdefault(outcome.target.name, []).append(outcome.target.replica)
    return found


def _waiting(
    config: "Config",
    plan: "Plan",
    project: "Project",
    outdated: Mapping[str, Sequence[str]],
    outcomes: "Sequence[Outcome]",
) -> "list[Unapplied]":
    """Return what of wattos.toml and the environment waits for another command."""
    from wattos_cli.supervisor.unapplied import remaining, without_effect

    problems: dict[str, list[str]] = {}
    for outcome in outcomes:
        problems.setdefault(outcome.target.name, []).extend(outcome.problems)
    state = project.read_services() or {}
    return [*without_effect(problems), *remaining(config, plan, state, outdated)]


def _show(
    config: "Config", outcomes: "Sequence[Outcome]", waiting: "Sequence[Unapplied]", deps: Deps
) -> None:
    from wattos_cli.clients.reloads import Status
    from wattos_cli.render import reload as render
    from wattos_cli.supervisor.unapplied import told

    console, rows = deps.console, [outcome.row for outcome in outcomes]
    if console.json_output:
        console.json(render.as_json(config.file, rows, [each.row for each in waiting]))
    elif rows:
        console.data(render.as_table(rows, width=console.table_width, color=console.color))
    for line in [*render.failures(rows), *told(waiting)]:
        console.note(line)
    statuses = {outcome.status for outcome in outcomes}
    if Status.REFUSED in statuses:
        console.note("It was taken back everywhere. Mend wattos.toml, then: wattos config reload")
    elif Status.UNREACHABLE in statuses:
        silent = sorted({o.target.name for o in outcomes if o.status is Status.UNREACHABLE})
        console.note(f"They go on with the old configuration until: wattos restart {' '.join(silent)}")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos config reload`."""

    def reload(deps: Deps) -> ExitCode:
        """Read wattos.toml again: limits, providers, aliases and prices, without a restart.

        Requests that run end as they began. A mistake in the file is exit code 3, and nothing changes. What
        needs new processes (ports, services of your own, variables, [settings]) is named with the command
        that applies it. Exit code 1: a service did not take it. 4: the platform is not running.

        Examples:
          wattos config reload
          wattos config reload -o json
        """
        return run(Options(), deps)

    return reload

"""POST /admin/reload at every replica that reads the services' configuration, at all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from wattos_cli.clients import running
from wattos_cli.clients.fan_out import ask_all
from wattos_cli.clients.running import Running
from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError
from wattos_cli.project import Project
from wattos_platform import catalog


class Status(StrEnum):
    """What became of the reload at one replica."""

    RELOADED = "reloaded"
    UNCHANGED = "unchanged"
    AT_NEXT_START = "at_next_start"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"
    UNREACHABLE = "unreachable"
    NOT_TAKEN = "not_taken"


FAILED = frozenset({Status.REFUSED, Status.TAKEN_BACK, Status.UNREACHABLE, Status.NOT_TAKEN})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One replica's answer: what changed there, what cannot work yet, or why it was not reloaded."""

    target: Running
    status: Status
    changed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    error: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """Return it as scripts and the table read it."""
        return {
            "name": self.target.name,
            "replica": self.target.replica,
            "status": str(self.status),
            "changed": list(self.changed),
            "problems": list(self.problems),
            "error": self.error or None,
        }


def targets(project: Project) -> list[Running]:
    """Return the replicas of all services that read tables of wattos.toml; WattosError (exit 4) as there."""
    return [
        row for row in running.running(project) if row.kind == "bundled" and catalog.service(row.name).tables
    ]


def reload(deps: Deps, project: Project, replicas: Sequence[Running]) -> list[Outcome]:
    """Return what became of it at each of `replicas`, in their order.

    One without a process reads the new file when it starts.
    """
    answers = ask_all(replicas, lambda target: _reload(deps, project, target), running.ADMIN_TIMEOUT_S)
    return [
        answer or Outcome(target, Status.UNREACHABLE, error=f"no answer within {running.ADMIN_TIMEOUT_S:g} s")
        for target, answer in zip(replicas, answers, strict=True)
    ]


def take_back(deps: Deps, project: Project, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return `outcomes` after a second reload, under the old file, of the replicas that took the new one."""
    took = [outcome for outcome in outcomes if outcome.status is Status.RELOADED]
    answers = reload(deps, project, [outcome.target for outcome in took])
    undone = {id(before): _undone(after) for before, after in zip(took, answers, strict=True)}
    return [undone.get(id(outcome), outcome) for outcome in outcomes]


def _undone(after: Outcome) -> Outcome:
    if after.status in FAILED:
        return replace(after, error=f"The new configuration stays in force: {after.error}")
    return Outcome(after.target, Status.TAKEN_BACK)


def _reload(deps: Deps, project: Project, target: Running) -> Outcome:
    if not target.row.get("pid"):
        return Outcome(target, Status.AT_NEXT_START)
    try:
        answer = running.admin(deps, project, target, "/admin/reload", {})
    except WattosError as error:
        refused = error.details.get("status") is not None
        return Outcome(target, Status.REFUSED if refused else Status.UNREACHABLE, error=error.message)
    changed, problems = (tuple(map(str, answer.get(name) or ())) for name in ("changed", "problems"))
    return Outcome(target, Status.RELOADED if changed else Status.UNCHANGED, changed, problems)

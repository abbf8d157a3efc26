"""Follows the changes of all breakers of all replicas, each change once."""

from dataclasses import dataclass, field
from typing import Any

from wattos_cli.clients import breakers
from wattos_cli.clients.refusals import part
from wattos_cli.clients.running import ADMIN_TIMEOUT_S, Running
from wattos_cli.deps import Deps
from wattos_cli.project import Project

# Above every number a replica can have reached: asks only where it stands.
_NOW = 2**53


@dataclass(slots=True)
class _Place:
    run: str
    last: int


@dataclass(slots=True)
class ChangeReader:
    """Reads what changed since the last look; replicas that start later join with all their changes."""

    deps: Deps
    project: Project
    service: str = ""
    lost: int = 0
    timeout_s: float = ADMIN_TIMEOUT_S
    _places: dict[tuple[str, int], _Place] = field(default_factory=dict)
    _begun: bool = False
    _renewed: bool = False

    def begin(self) -> int:
        """Begin now and return how many replicas are followed; WattosError (exit 4) if none answers."""
        answers = self._ask()
        breakers.require_any(answers)
        for answer in answers:
            self._take(answer)
        self._begun = True
        return len(self._places)

    def read(self) -> list[dict[str, Any]]:
        """Return the changes since the last look in the order of time, each with its service and replica.

        The first look begins, and finds none. WattosError (exit 4) when the platform does not run any more.
        """
        if not self._begun:
            self.begin()
            return []
        self._renewed = False
        changes = [change for answer in self._ask() for change in self._take(answer)]
        if self._renewed:
            changes += [change for answer in self._ask() for change in self._take(answer)]
        return sorted(changes, key=lambda change: str(change.get("time")))

    def _ask(self) -> list[breakers.Answer]:
        def path_for(target: Running) -> str:
            place = self._places.get((target.name, target.replica))
            after = place.last if place else 0 if self._begun else _NOW
            return f"/admin/breakers/events?after={after}"

        targets = breakers.replicas(self.project, self.service)
        return breakers.ask(self.deps, self.project, targets, path_for, timeout_s=self.timeout_s)

    def _take(self, answer: breakers.Answer) -> list[dict[str, Any]]:
        if answer.body is None:
            return []
        key = (answer.replica.name, answer.replica.replica)
        run, last = str(part(answer.body, "run")), int(part(answer.body, "last"))
        place = self._places.get(key)
        if place is not None and place.run != run:
            # Another process by the same name: its numbers begin at 1, so it is asked once more.
            self._places[key] = _Place(run, 0)
            self._renewed = True
            return []
        self._places[key] = _Place(run, last)
        if place is None and not self._begun:
            return []
        self.lost += int(part(answer.body, "lost"))
        return [{"service": key[0], "replica": key[1], **event} for event in part(answer.body, "events")]

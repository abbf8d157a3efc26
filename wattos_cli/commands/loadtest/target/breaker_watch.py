"""The platform's breakers while a load test runs, asked beside it: a replica that hangs delays nothing."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from wattos_cli.clients import breakers
from wattos_cli.clients.breaker_changes import ChangeReader
from wattos_cli.commands.loadtest.target.side_thread import Over, side_thread
from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.result.seen import Transition
from wattos_cli.project import Project
from wattos_cli.render.breakers import in_order, label

ASK_S = 2.0
_LAST_S = 3.0
_CHANGES_KEPT = 500


class BreakerWatch:
    """Knows which breakers are not closed, and every change of state since it began.

    `not_closed` is None while nobody answered yet.
    """

    def __init__(self, deps: Deps, project: Project) -> None:
        self._deps = deps
        self._project = project
        self._reader = ChangeReader(deps, project)
        self.not_closed: Sequence[tuple[str, str]] | None = None
        self.changes: list[dict[str, Any]] = []
        self._left_out = 0
        self._began_at_s = deps.clock()

    def watching(self) -> AbstractContextManager[None]:
        """Ask every two seconds while the block runs, and once more when it ends."""
        return side_thread(self._ask_until, "breaker-watch", _LAST_S)

    def ask(self) -> None:
        """Ask all replicas now; one that does not answer is passed over."""
        try:
            self._keep(self._reader.read())
            rows = breakers.listing(breakers.everywhere(self._deps, self._project, "/admin/breakers"))
        except WattosError:
            return
        self.not_closed = [
            (f"{row['name']} of {label(row)}", str(row["state"]))
            for row in in_order(rows)
            if row["state"] != "closed"
        ]

    def transitions(self, started_at_s: float) -> list[Transition]:
        """Return the changes as the result has them; `at_s` counts from `started_at_s` (epoch seconds).

        What the users' first requests brought about, before the generator counted time, is told as at 0;
        what changed before this began is none of them.
        """
        # A look that outlasts the block may add to them at any time.
        timed = [(change, datetime.fromisoformat(change["time"]).timestamp()) for change in self.changes]
        return [
            Transition(
                at_s=round(max(0.0, time_s - started_at_s), 3),
                service=change["service"],
                replica=change["replica"],
                name=change["name"],
                from_=change["from"],
                to=change["to"],
                cause=str(change.get("reason") or change.get("cause") or ""),
            )
            for change, time_s in timed
            if time_s >= self._began_at_s
        ]

    @property
    def notes(self) -> list[str]:
        """Return what a reader must know of the changes: those that are not among `transitions`."""
        told = []
        if self._left_out:
            told.append(
                f"breakers: {self._left_out} later changes are left out, the first {_CHANGES_KEPT} told"
            )
        if self._reader.lost:
            told.append(f"breakers: {self._reader.lost} changes came too fast and were missed")
        return told

    def _keep(self, found: Sequence[dict[str, Any]]) -> None:
        room = _CHANGES_KEPT - len(self.changes)
        self.changes += found[:room]
        self._left_out += len(found[room:])

    def _ask_until(self, over: Over) -> None:
        self.ask()
        while not over(ASK_S):
            self.ask()
        self.ask()

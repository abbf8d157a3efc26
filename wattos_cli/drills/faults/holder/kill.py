"""A process that dies without a word: SIGKILL, once or again and again as it comes back."""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from wattos_cli.drills.faults.holder import victims
from wattos_cli.drills.faults.holder.order import Order, RefusedError
from wattos_cli.drills.faults.holder.victims import Victim
from wattos_cli.drills.faults.holder.watcher import Watcher
from wattos_cli.errors import WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor.listing import instance

# One less than what the supervisor takes for a crash loop, after which it starts the service no more.
MOST_STRIKES = 4
_GIVEN_UP = "crash_loop"
_REVIVED_WITHIN_S = 8.0


class Kill:
    """Kills what the order names, `times` times.

    What is just starting is spared, as is what was struck and has not ended yet: each strike takes effect.
    """

    watcher: Watcher | None = None

    def __init__(
        self,
        project: Project,
        order: Order,
        monotonic: Callable[[], float] = time.monotonic,
        living: Callable[[Project, str, int | None], Sequence[Victim]] = victims.living,
    ) -> None:
        self._project = project
        self._order = order
        self._monotonic = monotonic
        self._left = order.times
        self._living = living
        self._due = 0.0
        self._struck: set[tuple[int, int]] = set()

    def begin(self) -> str:
        """Strike for the first time; RefusedError when nothing runs, or too much is asked for."""
        if not 1 <= self._order.times <= MOST_STRIKES:
            raise RefusedError(
                f"{self._order.service} would be killed {self._order.times} times",
                f"At most {MOST_STRIKES} times: after one more the supervisor gives a service up.",
            )
        self._refuse_crash_loop()
        struck = self._strike()
        if not struck:
            raise RefusedError(f"no replica of {self._order.service} runs", "See why: wattos ps")
        return struck

    def _refuse_crash_loop(self) -> None:
        """RefusedError when the supervisor would take the last strike for a crash loop."""
        order = self._order
        for row in victims.status(self._project):
            is_meant = row["name"] == order.service and order.replica in (None, row["replica"])
            left = int(row.get("crashes_left", MOST_STRIKES))
            if is_meant and left < order.times:
                raise RefusedError(
                    f"{instance(row)} has ended so often of late that the supervisor would start it"
                    f" {left} more times, not {order.times}: wait a minute",
                    f"Or let it begin anew: wattos restart {order.service}",
                )

    def next_s(self) -> float | None:
        """Return when the next strike is due, None after the last."""
        return max(0.0, self._due - self._monotonic()) if self._left else None

    def go_on(self) -> tuple[str, ...]:
        """Strike again, unless what was struck is not back yet."""
        try:
            struck = self._strike()
        except RefusedError:  # the platform was taken down meanwhile
            self._left = 0
            return ()
        return (struck,) if struck else ()

    def undo(self) -> None:
        """Strike no more; the supervisor starts again what it has lost, or is told to if it has given up."""
        self._left = 0
        struck, self._struck = self._struck, set()
        if struck and any(row["state"] == _GIVEN_UP for row in self._rows()):
            self._revive()

    def _rows(self) -> list[dict[str, Any]]:
        try:
            return victims.rows(self._project, self._order.service, self._order.replica)
        except RefusedError:
            return []  # the platform was taken down, or this service of it

    def _revive(self) -> None:
        from wattos_cli.supervisor import operate

        with suppress(WattosError), operate.running_supervisor(self._project) as supervisor:
            operate.request(supervisor, "restart", _REVIVED_WITHIN_S, services=[self._order.service])

    def _strike(self) -> str:
        order = self._order
        self._due = self._monotonic() + order.every_s
        hit = [
            victim
            for victim in self._living(self._project, order.service, order.replica)
            if (victim.pid, victim.start_time) not in self._struck and victim.signal(signal.SIGKILL)
        ]
        self._left -= bool(hit)
        self._struck |= {(each.pid, each.start_time) for each in hit}
        return "killed " + ", ".join(f"{each.name} (pid {each.pid})" for each in hit) if hit else ""

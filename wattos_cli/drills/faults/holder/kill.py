"""A process that dies without a word: SIGKILL, once or again and again as it comes back."""

import signal
import time
from collections.abc import Callable

from wattos_cli.drills.faults.holder import victims
from wattos_cli.drills.faults.holder.order import Order, RefusedError
from wattos_cli.drills.faults.holder.watcher import Watcher
from wattos_cli.project import Project

# One less than what the supervisor takes for a crash loop, after which nobody would start the service again.
MOST_STRIKES = 4


class Kill:
    """Kills what the order names, `times` times.

    What is just starting is spared, so that each strike takes effect.
    """

    watcher: Watcher | None = None

    def __init__(
        self, project: Project, order: Order, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._project = project
        self._order = order
        self._monotonic = monotonic
        self._left = order.times
        self._due = 0.0

    def begin(self) -> str:
        """Strike for the first time; RefusedError when nothing runs, or too much is asked for."""
        if not 1 <= self._order.times <= MOST_STRIKES:
            raise RefusedError(
                f"{self._order.service} would be killed {self._order.times} times",
                f"At most {MOST_STRIKES} times: after one more the supervisor gives a service up.",
            )
        struck = self._strike()
        if not struck:
            raise RefusedError(f"no replica of {self._order.service} runs", "See why: wattos ps")
        return struck

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
        """Strike no more; the supervisor starts again what it has lost."""
        self._left = 0

    def _strike(self) -> str:
        order = self._order
        self._due = self._monotonic() + order.every_s
        hit = [
            victim
            for victim in victims.living(self._project, order.service, order.replica)
            if victim.signal(signal.SIGKILL)
        ]
        self._left -= bool(hit)
        return "killed " + ", ".join(f"{each.name} (pid {each.pid})" for each in hit) if hit else ""

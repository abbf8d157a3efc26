"""A process that hangs: stopped, so that it keeps its port and its connections, and answers nothing."""

import signal
import time

from wattos_cli.drills.faults.holder import victims
from wattos_cli.drills.faults.holder.order import Order, RefusedError
from wattos_cli.drills.faults.holder.victims import Victim
from wattos_cli.drills.faults.holder.watcher import Watcher, watch
from wattos_cli.project import Project

_STOPPED_WITHIN_S = 2.0
_POLL_S = 0.005
# Holder and watcher would otherwise undo it in the same moment, and race for who tells.
_MARGIN_S = 1.0


class Freeze:
    """Stops every replica that the order names, and lets them go on; a stopped process never does by itself.

    Hence the watcher: what the kernel releases when a process dies needs none, a stopped process does.
    """

    def __init__(self, project: Project, order: Order) -> None:
        self._project = project
        self._order = order
        self._frozen: list[Victim] = []
        self.watcher: Watcher | None = None

    def begin(self) -> str:
        """Stop them and return once they stand; RefusedError when there is nothing to stop."""
        order = self._order
        found = victims.living(self._project, order.service, order.replica)
        if not found:
            raise RefusedError(f"no replica of {order.service} runs", "See why: wattos ps")
        self._frozen = found
        self.watcher = watch(self._thaw, order.ttl_s + _MARGIN_S)
        for victim in found:
            if victim.signal(signal.SIGSTOP):
                _wait_until_stopped(victim)
        return "froze " + ", ".join(f"{victim.name} (pid {victim.pid})" for victim in found)

    def next_s(self) -> None:
        """Return None: a stopped process needs no more."""
        return

    def go_on(self) -> tuple[str, ...]:
        """Do nothing."""
        return ()

    def undo(self) -> None:
        """Let all go on that still exist."""
        self._thaw()
        watcher, self.watcher = self.watcher, None
        if watcher is not None:
            watcher.dismiss()

    def _thaw(self) -> None:
        for victim in self._frozen:
            victim.signal(signal.SIGCONT)


def _wait_until_stopped(victim: Victim) -> None:
    """Return when every thread stands, or the process is gone, at the latest after two seconds."""
    deadline = time.monotonic() + _STOPPED_WITHIN_S
    while victim.state() not in ("T", "") and time.monotonic() < deadline:
        time.sleep(_POLL_S)

"""What is told of a run before anything of it is counted: whom it waits for."""

from wattos_cli.console import Console
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Plan

_TELL_S = 10.0
_STARTING = ("the generator starts, and makes its users ready",)


def starting(plan: Plan, measured: Measured) -> tuple[str, ...]:
    """Return what a run that has not begun is about, in lines."""
    return _workers(plan, measured) or _STARTING


def interrupted_before(plan: Plan, measured: Measured) -> str:
    """Return why there is no figure of a run that was interrupted before it began."""
    awaited = _workers(plan, measured)
    return f"interrupted before it began{f'; {awaited[0]}' if awaited else ''}"


def _workers(plan: Plan, measured: Measured) -> tuple[str, ...]:
    """Return that a master waits for workers, while it does."""
    crew = plan.crew
    if crew.role != "master" or measured.workers >= crew.workers:
        return ()
    return (
        f"{measured.workers} of {crew.workers} workers have come to {crew.address}",
        f"each comes with: {crew.joining}",
    )


class Waiting:
    """Tells, where there is no screen, whom a master waits for: at once, and every ten seconds."""

    def __init__(self, plan: Plan, console: Console, *, quiet: bool) -> None:
        self._plan = plan
        self._console = console
        self._silent = quiet or console.draws or plan.crew.role != "master"
        self._due_s = 0.0
        self._told = False

    def tell(self, passed_s: float, measured: Measured) -> None:
        """Tell it if it is time to, and once that all are there."""
        if self._silent:
            return
        told = _workers(self._plan, measured)
        if not told:
            self._silent = True
            told = (f"{self._plan.crew.workers} of {self._plan.crew.workers} workers have come",)
        elif passed_s < self._due_s:
            return
        self._due_s = (passed_s // _TELL_S + 1) * _TELL_S
        self._console.note(f"  {'; '.join(told)}")

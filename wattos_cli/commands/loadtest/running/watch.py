"""Watches a generator until it ends, or until there is a reason to end it before."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wattos_cli.commands.loadtest.running.progress import Progress
from wattos_cli.commands.loadtest.running.starting import Waiting, interrupted_before, starting
from wattos_cli.console import Console
from wattos_cli.deps import Deps
from wattos_cli.loadtest.judging.verdict import Stopped
from wattos_cli.loadtest.load import Load
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.result.seen import Transition
from wattos_cli.render.loadtest import live
from wattos_cli.render.loadtest.screen import as_screen

POLL_S = 0.2
_DRAW_S = 1.0
_TELL_S = 5.0
_TELLINGS = 10

Guard = Callable[[Measured], Stopped | None]
"""Why a run has to end before its time, if it has to."""


class StoppableLoad(Load, Protocol):
    """Load that can be ended before its time, and be looked at meanwhile."""

    measured: Measured
    """What was counted until the last `poll`."""

    def stop(self) -> None:
        """Ask it to finish what is under way; in the end it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """What was measured, from `began_at_s` (epoch seconds) on, and which `breakers` changed meanwhile.

    `notes` are what a reader must know of those. `cut` is the Ctrl-C or SIGTERM that ended the run, to be
    raised once the run is told.
    """

    measured: Measured
    began_at_s: float
    stopped: Stopped | None = None
    cut: BaseException | None = None
    breakers: Sequence[Transition] = ()
    notes: Sequence[str] = ()


class RunTime:
    """The time of a run: it counts from when the generator was ready, which its first interval tells.

    Until then it counts from when this was made, and `counting` is false; `began_at_s` is epoch seconds.
    """

    def __init__(self, deps: Deps) -> None:
        self._monotonic = deps.monotonic
        self._began_s = deps.monotonic()
        self.began_at_s = deps.clock()
        self.counting = False

    @property
    def passed_s(self) -> float:
        """Return how long the run has been going on."""
        return self._monotonic() - self._began_s

    def begins_with(self, interval: Interval) -> bool:
        """Return whether `interval` is the first; then time counts from its beginning on."""
        if self.counting:
            return False
        self.counting = True
        waited_s = self.passed_s - interval.at_s - interval.span_s
        self._began_s += waited_s
        self.began_at_s += waited_s
        return True


class Display:
    """Shows a run: a screen on a terminal, a line now and then elsewhere, nothing if it is to be quiet."""

    def __init__(self, console: Console, duration_s: float, *, quiet: bool) -> None:
        self._console = console
        self.quiet = quiet
        self._drawn = console.draws
        self._step_s = (
            _DRAW_S
            if self._drawn
            else max(_TELL_S, duration_s / _TELLINGS if math.isfinite(duration_s) else 0)
        )
        self._due_s = 0.0 if self._drawn else self._step_s

    def begin(self) -> None:
        """Count the time from now on: what was shown before was the start."""
        self._due_s = 0.0 if self._drawn else self._step_s

    def due(self, passed_s: float, *, counting: bool) -> bool:
        """Return whether it is time for the next view; if so, the one after that is due a step later.

        Before anything is `counting` only a screen has something to show.
        """
        if self.quiet or passed_s < self._due_s or not (counting or self._drawn):
            return False
        self._due_s = (passed_s // self._step_s + 1) * self._step_s
        return True

    def show(self, view: live.View) -> None:
        """Show the view."""
        console = self._console
        if not self._drawn:
            console.note(live.as_line(view))
            return
        with console.frame(drawn=True):
            console.data(as_screen(view, width=console.width, color=console.color))


def watch(
    load: StoppableLoad,
    progress: Progress,
    display: Display,
    guards: Sequence[Guard],
    deps: Deps,
    *,
    plan: Plan,
    breakers: Callable[[], Sequence[tuple[str, str]] | None] = lambda: None,
) -> Watched:
    """Return what was measured when the generator has ended, a guard spoke, or somebody interrupted.

    While Locust's page is shown, Ctrl-C is how a run ends. WattosError (exit 4) if nothing at all was counted
    and nobody interrupted.
    """
    time, stopped, cut = RunTime(deps), None, None
    waiting = Waiting(plan, deps.console, quiet=display.quiet)
    try:
        while load.running and stopped is None:
            deps.sleep(POLL_S)
            _take(load, progress, time, display)
            if not time.counting:
                waiting.tell(time.passed_s, load.measured)
            if display.due(time.passed_s, counting=time.counting):
                shown_s, notes = (
                    (time.passed_s, ()) if time.counting else (0.0, starting(plan, load.measured))
                )
                display.show(progress.view(shown_s, load.measured, breakers(), notes))
            stopped = next(filter(None, (guard(load.measured) for guard in guards)), None)
    except BaseException as caught:
        if isinstance(caught, Exception):
            raise
        if plan.ui_port is None or not isinstance(caught, KeyboardInterrupt):
            cut, stopped = caught, Stopped(_interrupted(time, plan, load.measured), "invalid")
        deps.console.note("stopping; what ran will be reported. Ctrl-C again ends at once")
        load.stop()
    if stopped is not None:
        load.stop()
    if cut is not None:
        load.poll()
        return Watched(load.measured, time.began_at_s, stopped, cut)
    return Watched(load.result(), time.began_at_s, stopped)


def _take(load: StoppableLoad, progress: Progress, time: RunTime, display: Display) -> None:
    """Take in what was counted since the last time; the first of it is when time begins to count."""
    for interval in load.poll():
        progress.add(interval)
        if time.begins_with(interval):
            display.begin()


def _interrupted(time: RunTime, plan: Plan, measured: Measured) -> str:
    if not time.counting:
        return interrupted_before(plan, measured)
    if time.passed_s > plan.duration_s:
        return f"interrupted while it finished, its {plan.duration_s:g} s were over"
    whole = f" of {plan.duration_s:g} s" if math.isfinite(plan.duration_s) else ""
    return f"interrupted after {time.passed_s:.0f} s{whole}"

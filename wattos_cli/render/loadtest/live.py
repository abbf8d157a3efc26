"""A load test under way, and the line that tells of it where there is no terminal; see `screen`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from wattos_cli.render.loadtest.figures import counted
from wattos_cli.render.safe import visible

BREAKERS_SHOWN = 5
_HUNDRED_MS = 100.0


@dataclass(frozen=True, slots=True)
class Figures:
    """The requests of a stretch of time: how many a second, times in ms (None: no sample), failures."""

    rate: float
    count: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class View:
    """How far a run is. `rates` and `p95s` are its course; `breakers` are those that are not closed.

    `breakers` is None where nobody can be asked; `due` and `dropped` are of the open model.
    """

    title: str
    passed_s: float
    duration_s: float
    users: int
    most_users: int
    recent_s: float
    recent: Figures
    overall: Figures
    by_name: Sequence[tuple[str, Figures]] = ()
    rates: Sequence[float] = ()
    p95s: Sequence[float | None] = ()
    due: int = 0
    dropped: int = 0
    newest_error: str = ""
    breakers: Sequence[tuple[str, str]] | None = None
    notes: Sequence[str] = field(default=())

    @property
    def shown_s(self) -> float:
        """Return how much of its time is over: never more than all."""
        return min(self.passed_s, self.duration_s)

    @property
    def afterwards(self) -> str:
        """Return what a run does whose time is over for more than a second."""
        return ", finishing" if self.passed_s > self.duration_s + 1.0 else ""


def as_line(view: View) -> str:
    """Return the view in one line, for a pipe or the log of a pipeline."""
    recent = view.recent
    parts = [
        counted(view.users, "user"),
        f"{rate(recent.rate)}/s",
        f"p50 {ms(recent.p50)}, p95 {ms(recent.p95)}, p99 {ms(recent.p99)} ms",
        f"{view.overall.failures} of {view.overall.count} failed",
        *([f"{view.dropped} dropped"] if view.dropped else []),
        *(f"{visible(name)} {state}" for name, state in (view.breakers or ())[:BREAKERS_SHOWN]),
    ]
    whole = f" of {view.duration_s:g} s" if math.isfinite(view.duration_s) else ""
    line = f"  {view.shown_s:.0f} s{whole}{view.afterwards}: {', '.join(parts)}"
    return f"{line}; {visible(view.newest_error)}" if view.newest_error else line


def rate(value: float) -> str:
    """Return a rate without its unit."""
    return f"{value:.1f}"


def ms(value: float | None) -> str:
    """Return a time in ms without its unit, `-` without one."""
    return "-" if value is None else f"{value:.0f}" if value >= _HUNDRED_MS else f"{value:.3g}"

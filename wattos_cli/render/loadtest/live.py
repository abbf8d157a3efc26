"""A load test under way: a screen of a terminal, or a line where there is none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from wattos_cli.render import text
from wattos_cli.render.columns import duration
from wattos_cli.render.loadtest.figures import counted
from wattos_cli.render.safe import visible
from wattos_cli.render.sparkline import sparkline

_TIMES = ("RATE", "P50 MS", "P95 MS", "P99 MS", "FAILED")
_FIGURES = frozenset({*_TIMES, "COUNT", "-"})
_NARROWEST, _LABEL, _VALUE = 60, 8, 10
_ROWS = 8
_BREAKERS = 5
_TEN, _PER_CENT = 10.0, 100.0


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
        f"{_rate(recent.rate)}/s",
        f"p50 {_ms(recent.p50)}, p95 {_ms(recent.p95)}, p99 {_ms(recent.p99)} ms",
        f"{view.overall.failures} of {view.overall.count} failed",
        *([f"{view.dropped} dropped"] if view.dropped else []),
        *(f"{visible(name)} {state}" for name, state in (view.breakers or ())[:_BREAKERS]),
    ]
    whole = f" of {view.duration_s:g} s" if math.isfinite(view.duration_s) else ""
    line = f"  {view.shown_s:.0f} s{whole}{view.afterwards}: {', '.join(parts)}"
    return f"{line}; {visible(view.newest_error)}" if view.newest_error else line


def as_screen(view: View, *, width: int, color: bool) -> str:
    """Return the view as lines of at most `width` columns."""
    width = max(width, _NARROWEST)
    lines = [
        text.colored(_cut(visible(view.title), width), "bold", enabled=color),
        _progress(view, width),
        "",
        _table(view, width, color=color),
        "",
        _course("rate", view.rates, f"{_rate(view.recent.rate)}/s", width),
        _course("p95", view.p95s, f"{_ms(view.recent.p95)} ms", width),
        "",
        *_states(view, width, color=color),
    ]
    if view.by_name:
        lines += ["", _names(view, width, color=color)]
    return "\n".join(lines)


def _progress(view: View, width: int) -> str:
    whole = f" of {duration(view.duration_s)}" if math.isfinite(view.duration_s) else ""
    told = f" {duration(view.shown_s)}{whole}{view.afterwards}, {view.users} of {view.most_users} users"
    room = width - len(told) - 2
    share = min(1.0, view.passed_s / view.duration_s) if view.duration_s > 0 else 1.0
    return f"[{'=' * round(share * room):<{room}}]{told}"


def _table(view: View, width: int, *, color: bool) -> str:
    rows = [
        (f"last {view.recent_s:.0f} s", *_cells(view.recent)),
        ("overall", *_cells(view.overall)),
    ]
    return text.table(("", *_TIMES), rows, width=width, color=color, right=frozenset(_TIMES))


def _names(view: View, width: int, *, color: bool) -> str:
    ordered = sorted(view.by_name, key=lambda row: (-row[1].failures, -row[1].count, row[0]))
    rows = [(name, str(figures.count), *_cells(figures)[1:]) for name, figures in ordered[:_ROWS]]
    head = ("REQUEST", "COUNT", *_TIMES[1:])
    table = text.table(head, rows, width=width, color=color, cut=0, right=frozenset(head[1:]))
    left = len(ordered) - len(rows)
    return f"{table}\nand {left} more" if left else table


def _cells(figures: Figures) -> tuple[str, ...]:
    share = figures.failures / figures.count * _PER_CENT if figures.count else 0.0
    told = f"{share:.0f}" if share >= _TEN else f"{share:.2g}"
    failed = f"{figures.failures} ({told} %)" if figures.failures else "0"
    return f"{_rate(figures.rate)}/s", _ms(figures.p50), _ms(figures.p95), _ms(figures.p99), failed


def _course(label: str, values: Sequence[float | None], now: str, width: int) -> str:
    room = width - _LABEL - _VALUE - 2
    return f"{label:<{_LABEL}}{sparkline(values, room):<{room}}  {now:>{_VALUE}}"


def _states(view: View, width: int, *, color: bool) -> list[str]:
    """Return the lines on dropped arrivals, breakers, the newest error and what else must be known."""
    lines = []
    if view.due:
        lines.append(f"arrivals  {view.due} due, {view.dropped} dropped")
    if view.breakers is not None:
        told = [f"{visible(name)} {text.status(state, enabled=color)}" for name, state in view.breakers]
        lines += [f"breaker   {line}" for line in told[:_BREAKERS]] or ["breakers  all closed"]
        lines += [f"          and {len(told) - _BREAKERS} more"] if len(told) > _BREAKERS else []
    if view.newest_error:
        error = _cut(f"error     {visible(view.newest_error)}", width)
        lines.append(text.colored(error, "red", enabled=color))
    return [*lines, *(_cut(visible(note), width) for note in view.notes)]


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _rate(value: float) -> str:
    return f"{value:.1f}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if value >= _PER_CENT else f"{value:.3g}"

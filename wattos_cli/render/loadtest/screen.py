"""A load test under way on a terminal: what does not fit is left out, the least important first.

A figure is never cut: it would read as another.
"""

import math
import textwrap
from collections.abc import Callable, Sequence

from wattos_cli.render import text
from wattos_cli.render.columns import duration
from wattos_cli.render.loadtest.live import BREAKERS_SHOWN, Figures, View, ms, rate
from wattos_cli.render.safe import visible
from wattos_cli.render.sparkline import sparkline

_NARROWEST = 20
_LABEL, _VALUE, _INDENT = 8, 10, 10
_LEAST_BARS, _LEAST_NAME = 4, 12
_ROWS, _NOTE_LINES = 8, 4
_TEN, _PER_CENT = 10.0, 100.0

_Cell = Callable[[Figures], str]


def as_screen(view: View, *, width: int, color: bool) -> str:
    """Return the view as lines of at most `width` columns, of which 20 are needed."""
    width = max(width, _NARROWEST)
    lines = [
        text.colored(_cut(visible(view.title), width), "bold", enabled=color),
        *_progress(view, width),
        "",
        _table(view, width, color=color),
        "",
        _course("rate", view.rates, f"{rate(view.recent.rate)}/s", width),
        _course("p95", view.p95s, f"{ms(view.recent.p95)} ms", width),
        "",
        *_states(view, width, color=color),
    ]
    if view.by_name:
        lines += ["", _names(view, width, color=color)]
    return "\n".join(lines)


def _progress(view: View, width: int) -> list[str]:
    """Return how far it is: a bar before the words if there is room, else the words, in lines if need be."""
    whole = f" of {duration(view.duration_s)}" if math.isfinite(view.duration_s) else ""
    time = f"{duration(view.shown_s)}{whole}"
    users = f"{view.users} of {view.most_users} users"
    told = f" {time}{view.afterwards}, {users}"
    room = width - len(told) - 2
    if room >= _LEAST_BARS:
        share = min(1.0, view.passed_s / view.duration_s) if view.duration_s > 0 else 1.0
        return [f"[{'=' * round(share * room):<{room}}]{told}"]
    if len(told) - 1 <= width:
        return [told[1:]]
    return [
        _first_that_fits(width, f"{time}{view.afterwards}", time, duration(view.shown_s)),
        _first_that_fits(width, users, f"{view.users} users"),
    ]


def _table(view: View, width: int, *, color: bool) -> str:
    stretches = ((f"last {view.recent_s:.0f} s", view.recent), ("overall", view.overall))
    columns: dict[str, _Cell] = {
        "RATE": lambda figures: f"{rate(figures.rate)}/s",
        **_TIMES,
        "FAILED": _failed_with_share,
    }
    return _fitting("", stretches, columns, width, color=color)


def _names(view: View, width: int, *, color: bool) -> str:
    ordered = sorted(view.by_name, key=lambda row: (-row[1].failures, -row[1].count, row[0]))
    columns: dict[str, _Cell] = {
        "COUNT": lambda figures: str(figures.count),
        **_TIMES,
        "FAILED": _failed_with_share,
    }
    table = _fitting("REQUEST", ordered[:_ROWS], columns, width, color=color)
    left = len(ordered) - _ROWS
    return f"{table}\nand {left} more" if left > 0 else table


def _fitting(
    first: str, rows: Sequence[tuple[str, Figures]], columns: dict[str, _Cell], width: int, *, color: bool
) -> str:
    """Return the table with as many columns as fit; failures count most, then the p95."""
    room = width - min(_LEAST_NAME, max(len(first), *(len(visible(name)) for name, _ in rows)))
    sizes = {name: max(len(name), *(len(cell(one)) for _, one in rows)) for name, cell in columns.items()}
    left = dict(columns)
    for name in ("P50 MS", "P99 MS", "FAILED", "RATE", "COUNT", "P95 MS"):
        if sum(len(text.GAP) + sizes[one] for one in left) <= room:
            break
        if name == "FAILED":
            left[name] = _failed
            sizes[name] = max(len(name), *(len(_failed(one)) for _, one in rows))
        else:
            left.pop(name, None)
    cells = [(name, *(cell(figures) for cell in left.values())) for name, figures in rows]
    return text.table((first, *left), cells, width=width, color=color, cut=0, right=frozenset(left))


def _failed(figures: Figures) -> str:
    return str(figures.failures)


def _failed_with_share(figures: Figures) -> str:
    share = figures.failures / figures.count * _PER_CENT if figures.count else 0.0
    told = f"{share:.0f}" if share >= _TEN else f"{share:.2g}"
    return f"{figures.failures} ({told} %)" if figures.failures else "0"


_TIMES: dict[str, _Cell] = {
    "P50 MS": lambda figures: ms(figures.p50),
    "P95 MS": lambda figures: ms(figures.p95),
    "P99 MS": lambda figures: ms(figures.p99),
}


def _course(label: str, values: Sequence[float | None], now: str, width: int) -> str:
    value = max(_VALUE, len(now))
    room = width - _LABEL - value - 2
    bars = sparkline(values, room) if room >= _LEAST_BARS else ""
    return f"{label:<{_LABEL}}{bars}".ljust(width - value) + f"{now:>{value}}"


def _states(view: View, width: int, *, color: bool) -> list[str]:
    """Return the lines on dropped arrivals, breakers, the newest error and what else must be known."""
    lines = []
    if view.due:
        dropped = f"{view.dropped} dropped"
        told = f"{view.due} due, {dropped}"
        lines.append(_first_that_fits(width, f"arrivals  {told}", told, dropped))
    if view.breakers is not None:
        shown = [_breaker(*one, width, color=color) for one in view.breakers[:BREAKERS_SHOWN]]
        lines += shown or ["breakers  all closed"]
        left = f"and {len(view.breakers) - BREAKERS_SHOWN} more"
        if len(view.breakers) > BREAKERS_SHOWN:
            lines.append(_first_that_fits(width, f"{'':<{_INDENT}}{left}", left))
    if view.newest_error:
        error = _cut(f"error     {visible(view.newest_error)}", width)
        lines.append(text.colored(error, "red", enabled=color))
    return [*lines, *(line for note in view.notes for line in _folded(visible(note), width))]


def _folded(note: str, width: int) -> list[str]:
    return textwrap.wrap(
        note,
        width,
        subsequent_indent="  ",
        break_on_hyphens=False,
        max_lines=_NOTE_LINES,
        placeholder="…",
    )


def _breaker(name: str, state: str, width: int, *, color: bool) -> str:
    """Return a breaker with its state, which is never cut."""
    room = width - len(state) - 1
    label = "breaker   " if room - _INDENT >= _LEAST_NAME else ""
    return f"{label}{_cut(visible(name), room - len(label))} {text.status(state, enabled=color)}"


def _first_that_fits(width: int, *told: str) -> str:
    return next((one for one in told if len(one) <= width), _cut(told[-1], width))


def _cut(line: str, width: int) -> str:
    """Return the line, cut between words so that no number in it becomes another one; a long word is cut."""
    if len(line) <= width:
        return line
    words = line[:width].rpartition(" ")[0].rstrip()
    return f"{words if 2 * len(words) > width else line[: width - 1]}…"

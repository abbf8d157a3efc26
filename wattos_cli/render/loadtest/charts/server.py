"""What the server's own metrics say of the time of the run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from wattos_cli.render.loadtest.charts import scale
from wattos_cli.render.loadtest.charts.chart_table import ChartTable
from wattos_cli.render.loadtest.charts.course import end_s
from wattos_cli.render.loadtest.charts.plot import Chart, Line
from wattos_cli.render.loadtest.figures import digits, tick

MOST_LINES = 8
_GAP = 2.5
_BYTES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
_HUNDRED, _S_MS = 100.0, 1000.0

Points = Sequence[tuple[float, float | None]]


def server(result: Mapping[str, Any]) -> Iterator[Chart]:
    """Yield a chart of each metric; of more than eight series the eight largest."""
    x = scale.seconds(end_s(result))
    kinds: dict[str, str] = {}
    for metric in result["server"]:
        drawn = [one for one in metric["series"] if any(value is not None for _, value in one["points"])]
        if drawn:
            yield _chart(metric, drawn, x, kinds)


def _chart(
    metric: Mapping[str, Any], series: Sequence[Mapping[str, Any]], x: scale.Scale, kinds: dict[str, str]
) -> Chart:
    largest = sorted(series, key=lambda one: -max(abs(value or 0.0) for _, value in one["points"]))
    shown = [one for one in series if any(one is kept for kept in largest[:MOST_LINES])]
    unit = str(metric["unit"])
    told = _teller(unit, tick)
    values = [value for one in shown for _, value in one["points"] if value is not None]
    low = min(values)
    y = scale.linear(max(values), told) if low >= 0 else scale.between(low, max(*values, 0.0), told, ticks=4)
    hidden = len(series) - len(shown)
    return Chart(
        metric["title"],
        unit,
        x,
        y,
        _table(shown, x, _teller(unit, digits)),
        [
            Line(one["label"], kind, _with_gaps(one["points"]))
            for one, kind in zip(shown, _colored([str(one["label"]) for one in shown], kinds), strict=True)
        ],
        note=f"{hidden} smaller ones are not drawn" if hidden else "",
        named=True,
    )


def _colored(labels: Sequence[str], kinds: dict[str, str]) -> list[str]:
    """Return a colour for each label: the one that it has in the charts before, if no other took it here."""
    free = [f"c{number}" for number in range(1, MOST_LINES + 1)]
    kept = {label: kinds[label] for label in labels if label in kinds}
    taken = {kind: label for label, kind in reversed(kept.items())}
    left = iter([kind for kind in free if kind not in taken])
    colored = [kinds[label] if taken.get(kinds.get(label, "")) == label else next(left) for label in labels]
    kinds.update({label: kind for label, kind in zip(labels, colored, strict=True) if label not in kinds})
    return colored


def _table(series: Sequence[Mapping[str, Any]], x: scale.Scale, told: Callable[[float], str]) -> ChartTable:
    columns = [dict(one["points"]) for one in series]
    moments = sorted({at_s for column in columns for at_s in column})
    at = scale.clock(x.high)
    rows = []
    for at_s in moments:
        values = [column.get(at_s) for column in columns]
        cells = ["-" if value is None else told(value) for value in values]
        rows.append((at(at_s), *cells))
    return ChartTable(("at", *(one["label"] for one in series)), rows, [x.place(at_s) for at_s in moments])


def _with_gaps(points: Points) -> list[tuple[float, float | None]]:
    """Return the points in order, with a gap where scrapes are missing."""
    ordered = sorted(points)
    if len(ordered) < 3:  # noqa: PLR2004 - no step to speak of
        return ordered
    step = median(after[0] - before[0] for before, after in pairwise(ordered))
    drawn: list[tuple[float, float | None]] = [ordered[0]]
    for before, after in pairwise(ordered):
        if after[0] - before[0] > _GAP * step:
            drawn.append((before[0], None))
        drawn.append(after)
    return drawn


def _teller(unit: str, number: Callable[[float], str]) -> Callable[[float], str]:
    """Return how a value of the unit is written, given how a number is."""
    if unit in {"s", "seconds"}:
        return lambda value: _time(value * _S_MS, number)
    if unit == "ms":
        return lambda value: _time(value, number)
    if unit in {"bytes", "B"}:
        return lambda value: _size(value, number)
    if unit in {"percent", "%"}:
        return lambda value: f"{number(value)} %"
    if unit in {"share", "ratio", "percentunit"}:
        return lambda value: f"{number(value * _HUNDRED)} %"
    return number


def _time(value_ms: float, number: Callable[[float], str]) -> str:
    return f"{number(value_ms / _S_MS)} s" if value_ms >= _S_MS else f"{number(value_ms)} ms"


def _size(value: float, number: Callable[[float], str]) -> str:
    unit, size = next(((unit, size) for unit, size in _BYTES if abs(value) >= size), ("B", 1.0))
    return f"{number(value / size)} {unit}"

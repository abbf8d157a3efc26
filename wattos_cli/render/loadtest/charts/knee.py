"""The search for the limit: where latency leaves the ground, and where the rate no longer follows."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render.loadtest.charts import scale
from wattos_cli.render.loadtest.charts.chart_table import ChartTable
from wattos_cli.render.loadtest.charts.plot import Chart, Line, Mark
from wattos_cli.render.loadtest.charts.scale import Scale
from wattos_cli.render.loadtest.figures import digits, share, tick, time

_QUANTILES = ("p99", "p95", "p50")

Step = Mapping[str, Any]


def knee(limit: Mapping[str, Any]) -> list[Chart]:
    """Return latency over the rate, and the achieved rate over the one that was asked for."""
    steps: Sequence[Step] = sorted(limit["steps"], key=lambda step: float(step["rate"]))
    if not steps:
        return []
    x = scale.linear(steps[-1]["rate"], ticks=6)
    found = {"limit": limit["rate"], "knee": limit["knee"]}
    marks = [
        Mark(rate, "limit", f"{told} {tick(rate)}/s", row)
        for row, (told, rate) in enumerate(found.items())
        if rate is not None
    ]
    return [_latency(steps, x, marks), _achieved(steps, x, marks)]


def _latency(steps: Sequence[Step], x: Scale, marks: Sequence[Mark]) -> Chart:
    values = [step[key] for step in steps for key in _QUANTILES if step[key] is not None]
    lines = [Line(key, f"q-{key}", _over_rate(steps, key), dots=True) for key in _QUANTILES]
    missed = [(step["rate"], step["p95"]) for step in steps if step["verdict"] != "pass"]
    if missed:
        apart = [point for place in missed for point in (place, (place[0], None))]
        lines.append(Line("did not hold", "bad", apart))
    return Chart(
        "Latency over rate",
        "iterations a second",
        x,
        scale.times(values),
        _table(steps, x),
        lines,
        marks=marks,
        size="headed",
    )


def _over_rate(steps: Sequence[Step], key: str) -> list[tuple[float, float | None]]:
    """Return a figure of each rate: of one that was tried again, the last."""
    return list({float(step["rate"]): step[key] for step in steps}.items())


def _achieved(steps: Sequence[Step], x: Scale, marks: Sequence[Mark]) -> Chart:
    asked = [(0.0, 0.0), (steps[-1]["rate"], steps[-1]["rate"])]
    lines = [
        Line("asked for", "calm", asked),
        Line("achieved", "c1", _over_rate(steps, "achieved"), dots=True),
    ]
    most = max([steps[-1]["rate"], *(step["achieved"] or 0.0 for step in steps)])
    return Chart(
        "Achieved rate",
        "iterations a second",
        x,
        scale.linear(most),
        _table(steps, x),
        lines,
        marks=marks,
        size="headed",
    )


def _table(steps: Sequence[Step], x: Scale) -> ChartTable:
    rows = [
        (
            *(digits(step["rate"]), "-" if step["achieved"] is None else digits(step["achieved"])),
            *(time(step[key]) for key in reversed(_QUANTILES)),
            *(share(step["errors"]), str(step["verdict"])),
        )
        for step in steps
    ]
    head = ("asked for/s", "achieved/s", "p50", "p95", "p99", "errors", "verdict")
    return ChartTable(head, rows, [x.place(step["rate"]) for step in steps])

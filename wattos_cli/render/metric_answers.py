"""The answer to a metric query as a table with a column for each label, as JSON or as CSV."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wattos_cli.deps import MetricAnswer
from wattos_cli.render import text
from wattos_cli.render.safe import visible
from wattos_cli.render.sparkline import sparkline

SCHEMA = "wattos.metrics-query/v1"
_NAME = "__name__"
_SPARK = {"narrow": 20, "wide": 40}
_WIDE = 120
_DIGITS_FROM = 1e5
_INTEGERS_TO = 1e15


def as_json(answer: MetricAnswer) -> dict[str, Any]:
    """Return `wattos.metrics-query/v1`: the members of `data` in an answer of Prometheus."""
    return {"schema": SCHEMA, "resultType": answer.kind, "result": answer.result}


def as_csv(answer: MetricAnswer) -> str:
    """Return a line for each sample: its labels, its time in Unix seconds, its value in full."""
    series = _series(answer)
    names = _label_names(series)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*names, "time", "value"])
    for labels, samples in series:
        for time, value in samples:
            writer.writerow([*(labels.get(name, "") for name in names), time, value])
    return stream.getvalue()


def as_table(
    answer: MetricAnswer, *, width: int, color: bool, steps: Sequence[float] = (), ordered: bool = False
) -> str:
    """Return the answer for people; `steps` are the times of a range, for whose course a line of bars stands.

    Series come in the order of their labels, unless that of the answer means something: `ordered`.
    Where the labels do not fit the `width` in columns, each series stands behind its value, uncut.
    """
    if answer.kind in {"scalar", "string"}:
        value = str(answer.result[1])
        return visible(value) if answer.kind == "string" else shortened(value)
    series = _series(answer)
    if not ordered:
        series.sort(key=lambda each: sorted(each[0].items()))
    bars = _SPARK["wide"] if width >= _WIDE else _SPARK["narrow"]
    heads, figures = _figures(answer.kind, series, steps, bars)
    names = _label_names(series)
    rows = [
        [*(labels.get(name, "") for name in names), *cells]
        for (labels, _), cells in zip(series, figures, strict=True)
    ]
    right = frozenset(head for head in heads if head != "TREND")
    table = text.table([*map(_heading, names), *heads], rows, color=color, right=right)
    if not width or max(len(line) for line in text.table([*names, *heads], rows).split("\n")) <= width:
        return table
    rows = [[*cells, written(labels)] for (labels, _), cells in zip(series, figures, strict=True)]
    return text.table([*heads, "SERIES"], rows, color=color, right=right)


def shortened(value: str) -> str:
    """Return a value with the digits that a person reads: whole numbers in full, others with six."""
    number = float(value)
    if not math.isfinite(number):
        return value
    if number.is_integer() and abs(number) < _INTEGERS_TO:
        return f"{number:.0f}"
    return f"{number:.1f}" if _DIGITS_FROM <= abs(number) < _INTEGERS_TO else f"{number:.6g}"


def _series(answer: MetricAnswer) -> list[tuple[Mapping[str, str], list[tuple[float, str]]]]:
    """Return labels and samples of each series; a scalar is a series without labels."""
    if answer.kind in {"scalar", "string"}:
        return [({}, [(answer.result[0], answer.result[1])])]
    return [
        (row.get("metric", {}), [(time, value) for time, value in row.get("values") or [row["value"]]])
        for row in answer.result
    ]


def _figures(
    kind: str,
    series: Sequence[tuple[Mapping[str, str], Sequence[tuple[float, str]]]],
    steps: Sequence[float],
    bars: int,
) -> tuple[list[str], list[list[str]]]:
    """Return the headings of the figures, and those of each series."""
    if kind == "vector":
        return ["VALUE"], [[shortened(samples[-1][1])] for _, samples in series]
    rows = []
    for _, samples in series:
        numbers = [float(value) for _, value in samples]
        known = [number for number in numbers if not math.isnan(number)]
        ends = [shortened(repr(each)) for each in (min(known), max(known))] if known else ["NaN", "NaN"]
        rows.append([*ends, shortened(samples[-1][1]), sparkline(_on(steps, samples), bars)])
    return ["MIN", "MAX", "LAST", "TREND"], rows


def _on(steps: Sequence[float], samples: Sequence[tuple[float, str]]) -> list[float | None]:
    """Return the value at each of `steps`, None where there is none; without steps the values in a row."""
    values = {round(time, 3): float(value) for time, value in samples}
    return [values.get(round(step, 3)) for step in steps] if steps else list(values.values())


def _label_names(series: Iterable[tuple[Mapping[str, str], Any]]) -> list[str]:
    names = {name for labels, _ in series for name in labels}
    return sorted(names, key=lambda name: (name != _NAME, name))


def _heading(name: str) -> str:
    return "METRIC" if name == _NAME else name.upper()


def written(labels: Mapping[str, str]) -> str:
    """Return the series as PromQL writes it."""
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != _NAME)
    return f"{labels.get(_NAME, '')}{{{inside}}}"

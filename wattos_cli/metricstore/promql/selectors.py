"""Selectors: the newest sample of each series at each step, or the samples of a range before it."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.timetable import Spans, Timetable
from wattos_cli.metricstore.promql.values import Column, RangeVector, Row, Vector, Windows
from wattos_cli.metricstore.series import Series, is_stale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import RangeSelector, Selector


def instant(evaluator: Evaluator, node: Selector) -> Vector:
    """Return each series' newest sample within the lookback of each step, unless that marks its end."""
    return [Row(series.labels, column) for series, _, column in _newest(evaluator, node)]


def timestamps(evaluator: Evaluator, node: Selector) -> Vector:
    """Return the times of the samples that `instant` would return, in seconds."""
    return [
        Row(
            series.labels,
            [
                None if value is None else series.times_ms[high - 1] / 1000
                for value, (_, high) in zip(column, spans, strict=True)
            ],
        )
        for series, spans, column in _newest(evaluator, node)
    ]


def ranges(evaluator: Evaluator, node: RangeSelector) -> RangeVector:
    """Return each series' samples of the range before each step."""
    moments = evaluator.moments(node.selector.offset_ms, node.selector.at)
    timetable = Timetable(moments, node.range_ms)
    rows = []
    for series in _select(evaluator, node.selector, timetable):
        times, values = _without_ends(series)
        if times:
            rows.append(Windows(series.labels, times, values, timetable))
    return rows


def _newest(evaluator: Evaluator, node: Selector) -> Iterator[tuple[Series, Spans, Column]]:
    timetable = Timetable(evaluator.moments(node.offset_ms, node.at), evaluator.lookback_ms)
    for series in _select(evaluator, node, timetable):
        spans, values = timetable.spans(series.times_ms), series.values
        column: Column = [values[high - 1] if high > low else None for low, high in spans]
        if any([value != value for value in column]):  # noqa: C419, PLR0124 - a list is quicker; NaN
            column = [None if value is None or is_stale(value) else value for value in column]
        if any([value is not None for value in column]):  # noqa: C419 - a list is quicker
            yield series, spans, column


def _select(evaluator: Evaluator, node: Selector, timetable: Timetable) -> list[Series]:
    first, last = timetable.moments[0], timetable.moments[-1]
    found = sorted(
        evaluator.source.select(node.matchers, first - timetable.back_ms + 1, last),
        key=lambda series: series.labels,
    )
    evaluator.budget.spend(sum(len(series.times_ms) for series in found))
    return found


def _without_ends(series: Series) -> tuple[Sequence[int], Sequence[float]]:
    """Return times and values of `series` without the stale markers."""
    if not any(map(isnan, series.values)):
        return series.times_ms, series.values
    kept = [
        (time, value)
        for time, value in zip(series.times_ms, series.values, strict=True)
        if not is_stale(value)
    ]
    return [time for time, _ in kept], [value for _, value in kept]

"""Selectors: the newest sample of each series at each step, or the samples of a range before it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.values import Column, RangeVector, Row, Vector, Windows
from wattos_cli.metricstore.series import Series, is_stale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import RangeSelector, Selector


def instant(evaluator: Evaluator, node: Selector) -> Vector:
    """Return each series' newest sample within the lookback of each step, unless that marks its end."""
    return _newest(evaluator, node, lambda series, index: series.values[index])


def timestamps(evaluator: Evaluator, node: Selector) -> Vector:
    """Return the times of the samples that `instant` would return, in seconds."""
    return _newest(evaluator, node, lambda series, index: series.times_ms[index] / 1000)


def ranges(evaluator: Evaluator, node: RangeSelector) -> RangeVector:
    """Return each series' samples of the range before each step."""
    ends = evaluator.moments(node.selector.offset_ms, node.selector.at)
    rows = []
    for series in _select(evaluator, node.selector, ends, node.range_ms):
        times, values = _without_ends(series)
        if times:
            rows.append(Windows(series.labels, times, values, ends, node.range_ms))
    return rows


def _newest(evaluator: Evaluator, node: Selector, read: Callable[[Series, int], float]) -> Vector:
    lookback_ms = evaluator.lookback_ms
    moments = evaluator.moments(node.offset_ms, node.at)
    rows = []
    for series in _select(evaluator, node, moments, lookback_ms):
        times, values = series.times_ms, series.values
        column: Column = []
        for moment in moments:
            index = bisect_right(times, moment) - 1
            if index < 0 or times[index] <= moment - lookback_ms or is_stale(values[index]):
                column.append(None)
            else:
                column.append(read(series, index))
        if any(value is not None for value in column):
            rows.append(Row(series.labels, column))
    return rows


def _select(evaluator: Evaluator, node: Selector, moments: Sequence[int], back_ms: int) -> list[Series]:
    start_ms, end_ms = min(moments[0], moments[-1]) - back_ms + 1, max(moments[0], moments[-1])
    found = sorted(evaluator.source.select(node.matchers, start_ms, end_ms), key=lambda series: series.labels)
    evaluator.budget.spend(sum(len(series.times_ms) for series in found))
    return found


def _without_ends(series: Series) -> tuple[Sequence[int], Sequence[float]]:
    """Return times and values of `series` without the stale markers."""
    if not any(value != value and is_stale(value) for value in series.values):  # noqa: PLR0124 - NaN
        return series.times_ms, series.values
    kept = [
        (time, value)
        for time, value in zip(series.times_ms, series.values, strict=True)
        if not is_stale(value)
    ]
    return [time for time, _ in kept], [value for _, value in kept]

"""How fast counters and gauges change: rate and its relatives, extrapolated as Prometheus does."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.functions.signature import PAIR, Function
from wattos_cli.metricstore.promql.values import Column, Row, Vector, Windows, label
from wattos_cli.metricstore.series import NAME

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call

_COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")
_NEAR = 1.1
"""A sample this many average distances from the end of the range still counts as next to it."""


def _extrapolating(*, counter: bool, per_second: bool) -> Function:
    def function(evaluator: Evaluator, call: Call) -> Vector:
        rows = []
        for windows in evaluator.windows(call.args[0]):
            column = _extrapolated(windows, counter=counter, per_second=per_second)
            rows.append(Row(windows.labels, column, True))
            name = label(windows.labels, NAME)
            suspicious = counter and name and not name.endswith(_COUNTER_ENDINGS)
            if suspicious and any(value is not None for value in column):
                evaluator.annotations.possible_non_counter(name, call.args[0].position)
        return rows

    return function


def _extrapolated(windows: Windows, *, counter: bool, per_second: bool) -> Column:
    """Return the change over each window, extended to its ends if the samples reach near them.

    Written as one loop on purpose: dashboards evaluate it tens of thousands of times.
    """
    times, values, span = windows.times_ms, list(windows.values), windows.timetable.back_ms
    begins = resets(values) if counter else []
    seconds = span / 1000
    column: Column = []
    for end, (low, high) in zip(windows.timetable.moments, windows.bounds(), strict=True):
        if high - low < PAIR:
            column.append(None)
            continue
        first, first_ms, last_ms = values[low], times[low], times[high - 1]
        change = values[high - 1] - first
        if begins:
            for begin in begins[bisect_left(begins, low + 1) : bisect_left(begins, high)]:
                change += values[begin - 1]
        sampled = (last_ms - first_ms) / 1000
        average = sampled / (high - low - 1)
        before, after = (first_ms - end + span) / 1000, (end - last_ms) / 1000
        if before >= average * _NEAR:
            before = average / 2
        if counter and change > 0 and first >= 0:
            to_zero = sampled * (first / change)
            before = min(before, to_zero)
        if after >= average * _NEAR:
            after = average / 2
        factor = (sampled + before + after) / sampled
        column.append(change * (factor / seconds if per_second else factor))
    return column


def resets(values: list[float]) -> list[int]:
    """Return where a counter fell, which is where it began anew."""
    if sorted(values) == values:  # sorting what is sorted is quicker than any loop
        return []
    return [index for index, (before, after) in enumerate(pairwise(values), 1) if after < before]


def _between_last_two(*, counter: bool) -> Function:
    def function(evaluator: Evaluator, call: Call) -> Vector:
        return [
            Row(windows.labels, _last_steps(windows, counter=counter), True)
            for windows in evaluator.windows(call.args[0])
        ]

    return function


def _last_steps(windows: Windows, *, counter: bool) -> Column:
    times, values = windows.times_ms, windows.values
    column: Column = []
    for low, high in windows.bounds():
        if high - low < PAIR:
            column.append(None)
            continue
        last, before = values[high - 1], values[high - 2]
        change = last if counter and last < before else last - before
        column.append(change / ((times[high - 1] - times[high - 2]) / 1000) if counter else change)
    return column


TABLE: Mapping[str, Function] = {
    "rate": _extrapolating(counter=True, per_second=True),
    "increase": _extrapolating(counter=True, per_second=False),
    "delta": _extrapolating(counter=False, per_second=False),
    "irate": _between_last_two(counter=True),
    "idelta": _between_last_two(counter=False),
}

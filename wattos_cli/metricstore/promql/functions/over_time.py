"""Aggregations of one series over its windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql import arithmetic
from wattos_cli.metricstore.promql.functions.signature import Function, per_window
from wattos_cli.metricstore.promql.values import Row, Vector

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call


def _mad(values: Sequence[float]) -> float:
    """Return the median of the distances from the median; NaN if any value is."""
    if any(map(math.isnan, values)):
        return math.nan
    median = arithmetic.quantile(0.5, values)
    return arithmetic.quantile(0.5, [abs(value - median) for value in values])


def _changes(values: Sequence[float]) -> float:
    return float(
        sum(
            before != after and not (math.isnan(before) and math.isnan(after))
            for before, after in pairwise(values)
        )
    )


def _quantile(evaluator: Evaluator, call: Call) -> Vector:
    fractions = evaluator.scalar(call.args[0])
    rows = []
    for windows in evaluator.windows(call.args[1]):
        row = Row(windows.labels, [], True)
        for fraction, (low, high) in zip(fractions, windows.bounds(), strict=True):
            if high <= low:
                row.column.append(None)
                continue
            if not 0 <= fraction <= 1:
                evaluator.annotations.invalid_quantile(fraction, call.args[0].position)
            row.column.append(arithmetic.quantile(fraction, windows.values[low:high]))
        rows.append(row)
    return rows


def _time_of(pick: Callable[[Sequence[float]], int]) -> Function:
    """Return the function that gives the time of the sample that `pick` chooses, in seconds."""

    def function(evaluator: Evaluator, call: Call) -> Vector:
        rows = []
        for windows in evaluator.windows(call.args[0]):
            row = Row(windows.labels, [], True)
            for low, high in windows.bounds():
                if high > low:
                    chosen = low + pick(windows.values[low:high])
                    row.column.append(windows.times_ms[chosen] / 1000)
                else:
                    row.column.append(None)
            rows.append(row)
        return rows

    return function


def _last_of(best: Callable[[Sequence[float]], float]) -> Callable[[Sequence[float]], int]:
    """Return what finds the last place of the `best` value."""

    def pick(values: Sequence[float]) -> int:
        wanted = best(values)
        if math.isnan(wanted):
            return len(values) - 1
        return max(index for index, value in enumerate(values) if value == wanted)

    return pick


TABLE: Mapping[str, Function] = {
    "sum_over_time": per_window(arithmetic.total),
    "avg_over_time": per_window(arithmetic.mean),
    "min_over_time": per_window(arithmetic.smallest),
    "max_over_time": per_window(arithmetic.largest),
    "count_over_time": per_window(lambda values: float(len(values))),
    "present_over_time": per_window(lambda _: 1.0),
    "first_over_time": per_window(lambda values: values[0], keeps_name=True),
    "last_over_time": per_window(lambda values: values[-1], keeps_name=True),
    "stddev_over_time": per_window(lambda values: math.sqrt(arithmetic.variance(values))),
    "stdvar_over_time": per_window(arithmetic.variance),
    "mad_over_time": per_window(_mad),
    "quantile_over_time": _quantile,
    "changes": per_window(_changes),
    "resets": per_window(lambda values: float(sum(after < before for before, after in pairwise(values)))),
    "ts_of_first_over_time": _time_of(lambda _: 0),
    "ts_of_last_over_time": _time_of(lambda values: len(values) - 1),
    "ts_of_max_over_time": _time_of(_last_of(arithmetic.largest)),
    "ts_of_min_over_time": _time_of(_last_of(arithmetic.smallest)),
}

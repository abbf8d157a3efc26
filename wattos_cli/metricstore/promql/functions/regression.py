"""Trends: linear regression over windows, and double exponential smoothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.arithmetic import NAN, divide, total
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.functions.signature import PAIR, Function
from wattos_cli.metricstore.promql.values import Row, Vector

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call


def line(times_ms: Sequence[int], values: Sequence[float], origin_ms: int) -> tuple[float, float]:
    """Return slope per second and value at `origin_ms` of the line of least squares."""
    if all(value == values[0] for value in values):
        return (NAN, NAN) if math.isinf(values[0]) else (0.0, values[0])
    count = len(values)
    xs = [(time - origin_ms) / 1000 for time in times_ms]
    sum_x, sum_y = total(xs), total(values)
    covariance = total([x * y for x, y in zip(xs, values, strict=True)]) - sum_x * sum_y / count
    slope = divide(covariance, total([x * x for x in xs]) - sum_x * sum_x / count)
    return slope, sum_y / count - slope * sum_x / count


def _deriv(evaluator: Evaluator, call: Call) -> Vector:
    rows = []
    for windows in evaluator.windows(call.args[0]):
        row = Row(windows.labels, [], True)
        for low, high in windows.bounds():
            if high - low < PAIR:
                row.column.append(None)
                continue
            times = windows.times_ms[low:high]
            row.column.append(line(times, windows.values[low:high], times[0])[0])
        rows.append(row)
    return rows


def _predict_linear(evaluator: Evaluator, call: Call) -> Vector:
    ahead = evaluator.scalar(call.args[1])
    rows = []
    for windows in evaluator.windows(call.args[0]):
        row = Row(windows.labels, [], True)
        for now, seconds, (low, high) in zip(evaluator.times, ahead, windows.bounds(), strict=True):
            if high - low < PAIR:
                row.column.append(None)
                continue
            slope, value = line(windows.times_ms[low:high], windows.values[low:high], now)
            row.column.append(slope * seconds + value)
        rows.append(row)
    return rows


def _double_exponential_smoothing(evaluator: Evaluator, call: Call) -> Vector:
    levels, trends = evaluator.scalar(call.args[1]), evaluator.scalar(call.args[2])
    rows = []
    for windows in evaluator.windows(call.args[0]):
        row = Row(windows.labels, [], True)
        for level, trend, (low, high) in zip(levels, trends, windows.bounds(), strict=True):
            if high <= low:
                row.column.append(None)
                continue
            _check_factor("smoothing", "sf", level)
            _check_factor("trend", "tf", trend)
            row.column.append(_smoothed(windows.values[low:high], level, trend) if high - low > 1 else None)
        rows.append(row)
    return rows


def _check_factor(name: str, short: str, value: float) -> None:
    if value <= 0 or value >= 1:
        raise PromqlError(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {value:f}")


def _smoothed(values: Sequence[float], level: float, trend: float) -> float:
    """Return the last smoothed value of at least two. Source: Holt's linear method."""
    before, now = 0.0, values[0]
    slope = values[1] - values[0]
    for index, value in enumerate(values[1:]):
        if index:
            slope = trend * (now - before) + (1 - trend) * slope
        before, now = now, level * value + (1 - level) * (now + slope)
    return now


TABLE: Mapping[str, Function] = {
    "deriv": _deriv,
    "predict_linear": _predict_linear,
    "double_exponential_smoothing": _double_exponential_smoothing,
}

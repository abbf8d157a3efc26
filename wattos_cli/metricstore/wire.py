"""Results in the shape of Prometheus' HTTP API."""

import math
from decimal import Decimal
from typing import Any

from wattos_cli.metricstore.promql.engine import Result
from wattos_cli.metricstore.series import Series

# From and below these, Prometheus writes an exponent.
_LARGE, _SMALL = 1e21, 1e-6
_REPR_LARGE, _REPR_SMALL = 1e16, 1e-4


def result(answer: Result, at_ms: int) -> Any:
    """Return the `result` of a query at `at_ms`; `answer.kind` is its `resultType`."""
    match answer.kind:
        case "matrix":
            return [{"metric": dict(each.labels), "values": _samples(each)} for each in answer.series]
        case "vector":
            return [{"metric": dict(each.labels), "value": _samples(each)[-1]} for each in answer.series]
        case "scalar":
            return _samples(answer.series[0])[0]
    return [seconds(at_ms), answer.text]


def _samples(series: Series) -> list[list[Any]]:
    return [
        [seconds(time), number(value)] for time, value in zip(series.times_ms, series.values, strict=True)
    ]


def seconds(time_ms: int) -> float:
    """Return a time as Prometheus writes it: seconds, whole ones without a fraction."""
    return time_ms // 1000 if time_ms % 1000 == 0 else time_ms / 1000


def number(value: float) -> str:
    """Return the shortest text that reads back as `value`, in the notation of Prometheus."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(float(value))
    size = abs(value)
    if _SMALL <= size < _REPR_SMALL or _REPR_LARGE <= size < _LARGE:
        return f"{Decimal(text):f}"
    return text.removesuffix(".0")

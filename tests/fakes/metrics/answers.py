"""Answers to PromQL, compared."""

import math
from typing import Any

from wattos_cli.deps import MetricAnswer


def points(answer: MetricAnswer) -> dict[Any, float]:
    """Return the value of each series at each time."""
    if answer.kind == "scalar":
        return {(): float(answer.result[1])}
    return {
        (tuple(sorted(row["metric"].items())), time): float(value)
        for row in answer.result
        for time, value in row.get("values") or [row["value"]]
    }


def differences(ours: MetricAnswer, theirs: MetricAnswer) -> list[Any]:
    """Return the points that only one of them has, or whose values are further apart than 1e-9 of them."""
    one, other = points(ours), points(theirs)
    return [
        (point, one.get(point), other.get(point))
        for point in one.keys() | other.keys()
        if point not in one or point not in other or not equal(one[point], other[point])
    ]


def equal(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)

"""Aggregations that keep some series of each group: the best k, any k, or a share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.digits import general
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.grouping import grouped
from wattos_cli.metricstore.promql.sampling import sampled
from wattos_cli.metricstore.promql.values import Column, Row, Scalar, Vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Aggregation

OPERATORS = frozenset(["topk", "bottomk", "limitk", "limit_ratio"])

_LARGEST = 2.0**63


def select(evaluator: Evaluator, node: Aggregation) -> Vector:
    """Return the chosen series with their own labels; in an instant query the best come first."""
    if node.param is None:
        raise PromqlError(f"{node.op} needs a number", node.position)
    numbers = evaluator.scalar(node.param)
    rows = evaluator.vector(node.expression)
    if not _check(evaluator, node, numbers):
        return []
    chosen: Vector = []
    for members in grouped(node, rows).values():
        kept = [Row(row.labels, [None] * len(row.column), row.drops_name) for row in members]
        order: list[int] = []
        for step, number in enumerate(numbers):
            present = [n for n, row in enumerate(members) if row.column[step] is not None]
            order = _chosen(node.op, number, members, present, step)
            for n in order:
                kept[n].column[step] = members[n].column[step]
        chosen += [kept[n] for n in order] if len(numbers) == 1 else kept
    return chosen


def _check(evaluator: Evaluator, node: Aggregation, numbers: Scalar) -> bool:
    """Return whether anything can be chosen at all; PromqlError for NaN and for numbers beyond 64 bits."""
    is_ratio = node.op == "limit_ratio"
    clean = [number for number in numbers if not math.isnan(number)]
    if len(clean) == len(numbers) and (
        max(clean) == min(clean) == 0 if is_ratio else max(clean) < 1 and min(clean) > -_LARGEST
    ):
        return False
    if len(clean) < len(numbers):
        raise PromqlError("Ratio value is NaN" if is_ratio else "Parameter value is NaN", node.position)
    if is_ratio:
        position = node.param.position if node.param else node.position
        if max(clean) > 1:
            evaluator.annotations.invalid_ratio(max(clean), 1.0, position)
        if min(clean) < -1:
            evaluator.annotations.invalid_ratio(min(clean), -1.0, position)
        return True
    if max(clean) >= _LARGEST:
        raise PromqlError(f"Scalar value {general(max(clean))} overflows int64", node.position)
    if min(clean) <= -_LARGEST:
        raise PromqlError(f"Scalar value {general(min(clean))} underflows int64", node.position)
    return True


def _chosen(op: str, number: float, rows: Vector, present: Sequence[int], step: int) -> list[int]:
    if op == "limit_ratio":
        ratio = max(-1.0, min(1.0, number))
        return [n for n in present if sampled(rows[n].labels, ratio)]
    count = max(0, int(number))
    if op == "limitk":
        return list(present[:count])
    sign = -1.0 if op == "topk" else 1.0
    return sorted(present, key=lambda n: _rank(rows[n].column, step, sign))[:count]


def _rank(column: Column, step: int, sign: float) -> tuple[bool, float]:
    value = column[step]
    if value is None or math.isnan(value):
        return (True, 0.0)
    return (False, sign * value)

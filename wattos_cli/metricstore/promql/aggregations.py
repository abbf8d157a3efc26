"""Aggregations: one value of many, or the best of many, in each group at each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql import selection
from wattos_cli.metricstore.promql.arithmetic import largest, mean, quantile, smallest, total
from wattos_cli.metricstore.promql.digits import plain
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.grouping import group_labels, grouped
from wattos_cli.metricstore.promql.literals import is_text, quoted
from wattos_cli.metricstore.promql.nodes import Aggregation, Text
from wattos_cli.metricstore.promql.values import Column, Row, Scalar, Vector, with_label
from wattos_cli.metricstore.series import Labels

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator

_KERNELS: dict[str, Callable[[list[float]], float]] = {
    "sum": total,
    "avg": mean,
    "min": smallest,
    "max": largest,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "stddev": lambda values: math.sqrt(_variance(values)),
    "stdvar": lambda values: _variance(values),
}

OPERATORS = frozenset([*_KERNELS, *selection.OPERATORS, "count_values", "quantile"])
"""Every aggregation that is known."""


def aggregate(evaluator: Evaluator, node: Aggregation) -> Vector:
    """Return the vector that the aggregation of `node` makes."""
    if node.op in selection.OPERATORS:
        return selection.select(evaluator, node)
    if node.op == "count_values":
        return _count_values(evaluator, node)
    if node.op == "quantile":
        return _quantile(evaluator, node)
    kernel = _KERNELS.get(node.op)
    if kernel is None:
        raise PromqlError(f"the aggregation {node.op} is not supported", node.position)
    return [
        Row(key, _reduced(kernel, members), any(row.drops_name for row in members))
        for key, members in grouped(node, evaluator.vector(node.expression)).items()
    ]


def _reduced(kernel: Callable[[list[float]], float], rows: Vector) -> Column:
    columns = zip(*(row.column for row in rows), strict=True)
    present = ([value for value in values if value is not None] for values in columns)
    return [kernel(values) if values else None for values in present]


def _variance(values: list[float]) -> float:
    """Return the population variance, NaN if any value is not finite (Welford's method, as Prometheus)."""
    average, squares = 0.0, 0.0
    for count, value in enumerate(values, 1):
        delta = value - average
        average += delta / count
        squares += delta * (value - average)
    return squares / len(values)


def _quantile(evaluator: Evaluator, node: Aggregation) -> Vector:
    fractions = _numbers(evaluator, node)
    _warn_of_fractions(evaluator, node, fractions)
    rows = []
    for key, members in grouped(node, evaluator.vector(node.expression)).items():
        columns = zip(*(row.column for row in members), strict=True)
        present = [[value for value in values if value is not None] for values in columns]
        column: Column = [
            quantile(fraction, values) if values else None
            for fraction, values in zip(fractions, present, strict=True)
        ]
        rows.append(Row(key, column, any(row.drops_name for row in members)))
    return rows


def _warn_of_fractions(evaluator: Evaluator, node: Aggregation, fractions: Scalar) -> None:
    position = node.param.position if node.param else node.position
    numbers = [fraction for fraction in fractions if not math.isnan(fraction)]
    if len(numbers) < len(fractions):
        evaluator.annotations.invalid_quantile(math.nan, position)
    if numbers and max(numbers) > 1:
        evaluator.annotations.invalid_quantile(max(numbers), position)
    if numbers and min(numbers) < 0:
        evaluator.annotations.invalid_quantile(min(numbers), position)


def _numbers(evaluator: Evaluator, node: Aggregation) -> Scalar:
    if node.param is None:
        raise PromqlError(f"{node.op} needs a number", node.position)
    return evaluator.scalar(node.param)


def _count_values(evaluator: Evaluator, node: Aggregation) -> Vector:
    if not isinstance(node.param, Text) or not node.param.value or not is_text(node.param.value):
        raise PromqlError(f"invalid label name {quoted(node.param)}", node.position)
    name = node.param.value
    grouping = node.grouping if node.without else (*node.grouping, name)
    by = Aggregation(node.position, node.op, node.expression, None, grouping, node.without)
    steps = len(evaluator.times)
    counts: dict[Labels, Column] = {}
    for row in evaluator.vector(node.expression):
        for step, value in enumerate(row.column):
            if value is None:
                continue
            key = group_labels(by, with_label(row.labels, name, plain(value)))
            column = counts.setdefault(key, [None] * steps)
            column[step] = (column[step] or 0.0) + 1.0
    return [Row(labels, column) for labels, column in counts.items()]

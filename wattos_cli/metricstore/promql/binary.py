"""Binary operations: between numbers, a vector and a number, or two vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.arithmetic import ARITHMETIC, COMPARISON
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.matching import combine, intersect
from wattos_cli.metricstore.promql.nodes import SET_OPERATORS, kind
from wattos_cli.metricstore.promql.values import Row, Scalar, Vector

if TYPE_CHECKING:
    from collections.abc import Callable

    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Binary


def scalars(op: str, left: Scalar, right: Scalar) -> Scalar:
    """Return the result of each step; a comparison gives 1 or 0."""
    operation = ARITHMETIC.get(op)
    if operation is not None:
        return [operation(a, b) for a, b in zip(left, right, strict=True)]
    compare = COMPARISON[op]
    return [float(compare(a, b)) for a, b in zip(left, right, strict=True)]


def evaluate(evaluator: Evaluator, node: Binary) -> Vector:
    """Return the vector that the operation of `node` makes, at least one side of which is a vector."""
    left_kind, right_kind = kind(node.left), kind(node.right)
    if left_kind == "vector" and right_kind == "vector":
        left, right = evaluator.vector(node.left), evaluator.vector(node.right)
        if node.op in SET_OPERATORS:
            return intersect(node.op, node.matching, left, right)
        return combine(node, left, right, element(node.op, returns_bool=node.returns_bool))
    if left_kind == "vector":
        operation = element(node.op, returns_bool=node.returns_bool)
        return _with_numbers(node, evaluator.vector(node.left), evaluator.scalar(node.right), operation)
    if right_kind == "vector":
        operation = _swapped(node.op, returns_bool=node.returns_bool)
        return _with_numbers(node, evaluator.vector(node.right), evaluator.scalar(node.left), operation)
    raise PromqlError("expected a vector on one side", node.position)


def element(op: str, *, returns_bool: bool) -> Callable[[float, float], float | None]:
    """Return what `op` makes of two samples: None where a comparison filters the left one out."""
    if op in ARITHMETIC:
        return ARITHMETIC[op]
    compare = COMPARISON[op]
    if returns_bool:
        return lambda left, right: float(compare(left, right))
    return lambda left, right: left if compare(left, right) else None


def _swapped(op: str, *, returns_bool: bool) -> Callable[[float, float], float | None]:
    """Return the operation of a vector's sample and the number before it; a filter keeps the sample."""
    if op in COMPARISON and not returns_bool:
        compare = COMPARISON[op]
        return lambda sample, number: sample if compare(number, sample) else None
    operation = element(op, returns_bool=returns_bool)
    return lambda sample, number: operation(number, sample)


def _with_numbers(
    node: Binary, rows: Vector, numbers: Scalar, operation: Callable[[float, float], float | None]
) -> Vector:
    drops = node.returns_bool or node.op in ARITHMETIC
    return [
        Row(
            row.labels,
            [
                None if value is None else operation(value, number)
                for value, number in zip(row.column, numbers, strict=True)
            ],
            row.drops_name or drops,
        )
        for row in rows
    ]

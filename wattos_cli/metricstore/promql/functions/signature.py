"""The shape of every function of PromQL, and how the simple ones are made of a formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.values import Column, Row, Value, Vector

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call

Function = Callable[["Evaluator", "Call"], Value]
"""Evaluates the arguments of the call and returns what the function makes of them."""

PAIR = 2
"""Samples a window needs to have a change."""


def per_sample(formula: Callable[[float], float]) -> Function:
    """Return the function that gives each sample of its vector to `formula`."""

    def function(evaluator: Evaluator, call: Call) -> Vector:
        return [
            Row(row.labels, [None if value is None else formula(value) for value in row.column], True)
            for row in evaluator.vector(call.args[0])
        ]

    return function


def per_window(formula: Callable[[Sequence[float]], float], *, keeps_name: bool = False) -> Function:
    """Return the function that gives the values of each window, never none, to `formula`."""

    def function(evaluator: Evaluator, call: Call) -> Vector:
        rows = []
        for windows in evaluator.windows(call.args[0]):
            values = windows.values
            column: Column = [
                formula(values[low:high]) if high > low else None for low, high in windows.bounds()
            ]
            rows.append(Row(windows.labels, column, windows.drops_name or not keeps_name))
        return rows

    return function

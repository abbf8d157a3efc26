"""Walks an expression and evaluates each part of it over all steps at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from wattos_cli.metricstore.promql import aggregations, binary, selectors
from wattos_cli.metricstore.promql.annotations import Annotations
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.functions import FUNCTIONS
from wattos_cli.metricstore.promql.nodes import (
    Aggregation,
    At,
    Binary,
    Call,
    Negation,
    Node,
    Number,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    kind,
)
from wattos_cli.metricstore.promql.steps import Budget, Span
from wattos_cli.metricstore.promql.timetable import Timetable
from wattos_cli.metricstore.promql.values import RangeVector, Row, Scalar, Value, Vector, Windows
from wattos_cli.metricstore.series import Source


@dataclass
class Evaluator:
    """Evaluates nodes over the steps of `span`; `query` is that of the whole query."""

    source: Source
    query: Span
    span: Span
    lookback_ms: int
    default_step_ms: int
    annotations: Annotations
    budget: Budget
    times: Sequence[int] = field(init=False)

    def __post_init__(self) -> None:
        self.times = self.span.times

    def evaluate(self, node: Node) -> Value:
        """Return the value of `node`, of the type that `kind(node)` says."""
        match kind(node):
            case "scalar":
                return self.scalar(node)
            case "vector":
                return self.vector(node)
            case "matrix":
                return self.windows(node)
            case "string":
                return self.text(node)

    def text(self, node: Node) -> str:
        """Return the value of a string literal."""
        if isinstance(node, Text):
            return node.value
        raise PromqlError("expected a string", node.position)

    def scalar(self, node: Node) -> Scalar:
        """Return the number of each step."""
        match node:
            case Number():
                return [node.value] * len(self.times)
            case Negation():
                return [-value for value in self.scalar(node.expression)]
            case Binary():
                return binary.scalars(node.op, self.scalar(node.left), self.scalar(node.right))
            case Call():
                value = self._call(node)
                if value and isinstance(value, list) and not isinstance(value[0], float | int):
                    raise PromqlError(f"{node.name} is no number", node.position)
                return cast("Scalar", value)  # the table of functions keeps its word
            case _:
                raise PromqlError("expected a number", node.position)

    def vector(self, node: Node) -> Vector:
        """Return the series of an instant vector, each with its values at the steps."""
        match node:
            case Selector():
                rows = selectors.instant(self, node)
            case Aggregation():
                rows = aggregations.aggregate(self, node)
            case Binary():
                rows = binary.evaluate(self, node)
            case Negation():
                rows = [
                    Row(row.labels, [None if value is None else -value for value in row.column], True)
                    for row in self.vector(node.expression)
                ]
            case Call():
                rows = cast("Vector", self._call(node))  # the table of functions keeps its word
            case _:
                raise PromqlError("expected an instant vector", node.position)
        self.budget.spend(len(rows) * len(self.times))
        return rows

    def windows(self, node: Node) -> RangeVector:
        """Return the series of a range vector, with the window of each step."""
        match node:
            case RangeSelector():
                return selectors.ranges(self, node)
            case Subquery():
                return self._subquery(node)
            case _:
                raise PromqlError("expected a range vector", node.position)

    def moments(self, offset_ms: int, at: At | None) -> Sequence[int]:
        """Return the time that each step looks at, given the modifiers `offset` and `@`."""
        if at is None:
            return range(self.span.start_ms - offset_ms, self.span.end_ms - offset_ms + 1, self.span.step_ms)
        anchors = {"time": at.time_ms, "start": self.query.start_ms, "end": self.query.end_ms}
        return [anchors[at.anchor] - offset_ms] * len(self.times)

    def _call(self, node: Call) -> Value:
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise PromqlError(f"the function {node.name} is not supported", node.position)
        return function(self, node)

    def _subquery(self, node: Subquery) -> RangeVector:
        """Evaluate the inner expression at the multiples of its step that any window covers."""
        ends = self.moments(node.offset_ms, node.at)
        step_ms = node.step_ms or self.default_step_ms
        first = (ends[0] - node.range_ms) // step_ms * step_ms + step_ms
        if first > ends[-1]:
            return []
        inner = Evaluator(
            self.source,
            self.query,
            Span(first, ends[-1], step_ms),
            self.lookback_ms,
            self.default_step_ms,
            self.annotations,
            self.budget,
        )
        self.budget.spend(len(inner.times))
        if kind(node.expression) == "scalar":
            rows = [Row((), list(inner.scalar(node.expression)))]
        else:
            rows = inner.vector(node.expression)
        timetable = Timetable(ends, node.range_ms)
        return [_windows(row, inner.times, timetable) for row in rows]


def _windows(row: Row, times: Sequence[int], timetable: Timetable) -> Windows:
    present = [(time, value) for time, value in zip(times, row.column, strict=True) if value is not None]
    values = [value for _, value in present]
    return Windows(row.labels, [time for time, _ in present], values, timetable, row.drops_name)

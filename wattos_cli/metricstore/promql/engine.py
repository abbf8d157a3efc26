"""The engine: an expression and a time, or a range of times, become series of samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from wattos_cli.metricstore.promql.annotations import Annotations
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.evaluator import Evaluator
from wattos_cli.metricstore.promql.nodes import Node, kind
from wattos_cli.metricstore.promql.parse import parse
from wattos_cli.metricstore.promql.steps import Budget, Span
from wattos_cli.metricstore.promql.values import METADATA, RangeVector, Row, named, without
from wattos_cli.metricstore.series import Labels, Series, Source


@dataclass(frozen=True)
class Limits:
    """What one query may cost: points of a series (Prometheus' own limit), and samples read or computed."""

    max_points: int = 11_000
    max_samples: int = 10_000_000


@dataclass(frozen=True)
class Result:
    """The answer: a scalar is one series without labels, a vector has one sample a series, a string `text`.

    `warnings` and `infos` are Prometheus' annotations, with line and column.
    """

    kind: Literal["scalar", "string", "vector", "matrix"]
    series: tuple[Series, ...] = ()
    text: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()


class Engine:
    """Evaluates PromQL over `source` as Prometheus 3 does; safe in several threads if `source` is."""

    def __init__(
        self,
        source: Source,
        *,
        lookback_s: float = 300,
        subquery_step_s: float = 60,
        limits: Limits | None = None,
    ) -> None:
        self._source = source
        self._lookback_ms = round(lookback_s * 1000)
        self._subquery_step_ms = round(subquery_step_s * 1000)
        self._limits = limits or Limits()

    def instant(self, expression: str, at_ms: int) -> Result:
        """Return the value of `expression` at `at_ms`; PromqlError says what is wrong with it, and where."""
        return self.instant_of(parse(expression), expression, at_ms)

    def instant_of(self, node: Node, expression: str, at_ms: int) -> Result:
        """Return the value at `at_ms` of an expression that is parsed already."""
        return self._answer(_instant, node, expression, Span(at_ms, at_ms, 1))

    def range(self, expression: str, start_ms: int, end_ms: int, step_ms: int) -> Result:
        """Return the values of `expression` from `start_ms` through `end_ms`, every `step_ms`, a matrix."""
        return self.range_of(parse(expression), expression, Span(start_ms, end_ms, step_ms))

    def range_of(self, node: Node, expression: str, span: Span) -> Result:
        """Return the values over `span` of an expression that is parsed already."""
        self._check(node, span)
        return self._answer(_range, node, expression, span)

    def _check(self, node: Node, span: Span) -> None:
        if span.step_ms <= 0:
            raise PromqlError("the step must be longer than 0")
        if span.end_ms < span.start_ms:
            raise PromqlError("the end of the range is before its start")
        if (span.end_ms - span.start_ms) // span.step_ms >= self._limits.max_points:
            raise PromqlError(
                f"exceeded maximum resolution of {self._limits.max_points:,} points per timeseries: "
                "choose a longer step or a shorter range"
            )
        if kind(node) not in ("scalar", "vector"):
            found = "range vector" if kind(node) == "matrix" else kind(node)
            raise PromqlError(
                f'invalid expression type "{found}" for range query, must be Scalar or instant Vector',
                node.position,
            )

    def _answer(
        self, evaluate: Callable[[Evaluator, Node], Result], node: Node, expression: str, span: Span
    ) -> Result:
        annotations = Annotations()
        budget = Budget(self._limits.max_samples)
        steps = (self._lookback_ms, self._subquery_step_ms)
        evaluator = Evaluator(self._source, span, span, *steps, annotations, budget)
        try:
            answer = evaluate(evaluator, node)
        except RecursionError:
            raise PromqlError("the expression is nested too deep") from None
        remarks = (annotations.warnings(expression), annotations.infos(expression))
        return Result(answer.kind, answer.series, answer.text, *remarks)


def _instant(evaluator: Evaluator, node: Node) -> Result:
    at_ms = evaluator.span.start_ms
    match kind(node):
        case "string":
            return Result("string", text=evaluator.text(node))
        case "scalar":
            return Result("scalar", (Series((), [at_ms], evaluator.scalar(node)),))
        case "vector":
            rows = named(evaluator.vector(node))
            return Result("vector", tuple(_series(row, [at_ms]) for row in rows if row.column[0] is not None))
        case "matrix":
            return Result("matrix", _matrix(evaluator.windows(node)))


def _range(evaluator: Evaluator, node: Node) -> Result:
    if kind(node) == "scalar":
        rows = [Row((), list(evaluator.scalar(node)))]
    else:
        rows = named(evaluator.vector(node))
    series = [_series(row, evaluator.times) for row in sorted(rows, key=lambda row: row.labels)]
    return Result("matrix", tuple(one for one in series if one.times_ms))


def _series(row: Row, times: Sequence[int]) -> Series:
    present = [(time, value) for time, value in zip(times, row.column, strict=True) if value is not None]
    return Series(row.labels, [time for time, _ in present], [value for _, value in present])


def _matrix(rows: RangeVector) -> tuple[Series, ...]:
    """Return the samples of the only step; PromqlError for series that are one without their names."""
    found: dict[Labels, Series] = {}
    for windows in rows:
        low, high = windows.bounds()[0]
        labels = without(windows.labels, METADATA) if windows.drops_name else windows.labels
        if high > low:
            if labels in found:
                raise PromqlError("vector cannot contain metrics with the same labelset")
            found[labels] = Series(labels, windows.times_ms[low:high], windows.values[low:high])
    return tuple(found[labels] for labels in sorted(found))

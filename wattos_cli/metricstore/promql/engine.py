"""The engine: an expression and a time, or a range of times, become series of samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wattos_cli.metricstore.promql.annotations import Annotations
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.evaluator import Budget, Evaluator, Span
from wattos_cli.metricstore.promql.nodes import Node, kind
from wattos_cli.metricstore.promql.parse import parse
from wattos_cli.metricstore.promql.values import Row, Windows, named
from wattos_cli.metricstore.series import Series, Source


@dataclass(frozen=True)
class Limits:
    """What one query may cost: points of a series (Prometheus' own limit), and samples read or computed."""

    max_points: int = 11_000
    max_samples: int = 20_000_000


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
        evaluator = self._evaluator(Span(at_ms, at_ms, 1))
        match kind(node):
            case "string":
                return Result("string", text=evaluator.text(node))
            case "scalar":
                answer = Result("scalar", (Series((), [at_ms], [evaluator.scalar(node)[0]]),))
            case "vector":
                rows = named(evaluator.vector(node))
                answer = Result(
                    "vector", tuple(_series(row, [at_ms]) for row in rows if row.column[0] is not None)
                )
            case "matrix":
                answer = Result("matrix", _matrix(evaluator.windows(node)))
        return _annotated(answer, evaluator.annotations, expression)

    def range(self, expression: str, start_ms: int, end_ms: int, step_ms: int) -> Result:
        """Return the values of `expression` from `start_ms` through `end_ms`, every `step_ms`, a matrix."""
        return self.range_of(parse(expression), expression, Span(start_ms, end_ms, step_ms))

    def range_of(self, node: Node, expression: str, span: Span) -> Result:
        """Return the values over `span` of an expression that is parsed already."""
        self._check(node, span)
        evaluator = self._evaluator(span)
        if kind(node) == "scalar":
            rows = [Row((), list(evaluator.scalar(node)))]
        else:
            rows = named(evaluator.vector(node))
        series = [_series(row, evaluator.times) for row in sorted(rows, key=lambda row: row.labels)]
        answer = Result("matrix", tuple(one for one in series if one.times_ms))
        return _annotated(answer, evaluator.annotations, expression)

    def _check(self, node: Node, span: Span) -> None:
        if span.step_ms <= 0:
            raise PromqlError("the step must be longer than 0")
        if span.end_ms < span.start_ms:
            raise PromqlError("the end of the range is before its start")
        if len(span.times) > self._limits.max_points:
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

    def _evaluator(self, span: Span) -> Evaluator:
        budget = Budget(self._limits.max_samples)
        annotations = Annotations()
        return Evaluator(
            self._source, span, span, self._lookback_ms, self._subquery_step_ms, annotations, budget
        )


def _series(row: Row, times: Sequence[int]) -> Series:
    present = [(time, value) for time, value in zip(times, row.column, strict=True) if value is not None]
    return Series(row.labels, [time for time, _ in present], [value for _, value in present])


def _matrix(rows: list[Windows]) -> tuple[Series, ...]:
    series = []
    for windows in sorted(rows, key=lambda one: one.labels):
        low, high = next(windows.bounds())
        if high > low:
            series.append(Series(windows.labels, windows.times_ms[low:high], windows.values[low:high]))
    return tuple(series)


def _annotated(answer: Result, annotations: Annotations, expression: str) -> Result:
    return Result(
        answer.kind,
        answer.series,
        answer.text,
        annotations.warnings(expression),
        annotations.infos(expression),
    )

"""Times: of the evaluation, of samples, of the query, and parts of dates (UTC)."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql import selectors
from wattos_cli.metricstore.promql.functions.signature import Function
from wattos_cli.metricstore.promql.nodes import Selector
from wattos_cli.metricstore.promql.values import Row, Scalar, Vector

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call
    from wattos_cli.metricstore.promql.steps import Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CYCLE_YEARS, _CYCLE_S = 400, 146_097 * 86_400
_FAR_S = 2.0**63
"""Beyond this Prometheus' answer depends on the processor: there is none here."""


def _time(evaluator: Evaluator, _: Call) -> Scalar:
    return [time / 1000 for time in evaluator.times]


def _timestamp(evaluator: Evaluator, call: Call) -> Vector:
    """Return when each sample was taken; what is computed was taken at the step."""
    if isinstance(call.args[0], Selector):
        rows = selectors.timestamps(evaluator, call.args[0])
        return [Row(row.labels, row.column, True) for row in rows]
    return [
        Row(
            row.labels,
            [
                None if value is None else at / 1000
                for at, value in zip(evaluator.times, row.column, strict=True)
            ],
            True,
        )
        for row in evaluator.vector(call.args[0])
    ]


def _of_query(read: Callable[[Span], float]) -> Function:
    """Return the function of the whole query's span, the same at each step."""
    return lambda evaluator, _: [read(evaluator.query)] * len(evaluator.times)


def _date(part: Callable[[datetime], int], per_cycle: int = 0) -> Function:
    """Return the function that gives `part` of each sample as a Unix time, or of the evaluation's time.

    The calendar repeats after 400 years, in which `part` grows by `per_cycle`.
    """

    def read(seconds: float) -> float:
        if not abs(seconds) < _FAR_S:
            return math.nan
        cycles, rest = divmod(math.trunc(seconds), _CYCLE_S)
        return float(part(_EPOCH + timedelta(seconds=rest)) + cycles * per_cycle)

    def function(evaluator: Evaluator, call: Call) -> Vector:
        if not call.args:
            return [Row((), [read(time // 1000) for time in evaluator.times])]
        return [
            Row(row.labels, [None if value is None else read(value) for value in row.column], True)
            for row in evaluator.vector(call.args[0])
        ]

    return function


TABLE: Mapping[str, Function] = {
    "time": _time,
    "timestamp": _timestamp,
    "start": _of_query(lambda span: span.start_ms / 1000),
    "end": _of_query(lambda span: span.end_ms / 1000),
    "range": _of_query(lambda span: (span.end_ms - span.start_ms) / 1000),
    "step": _of_query(lambda span: 0.0 if span.is_instant else span.step_ms / 1000),
    "minute": _date(lambda date: date.minute),
    "hour": _date(lambda date: date.hour),
    "day_of_week": _date(lambda date: date.isoweekday() % 7),
    "day_of_month": _date(lambda date: date.day),
    "day_of_year": _date(lambda date: date.timetuple().tm_yday),
    "days_in_month": _date(lambda date: calendar.monthrange(date.year, date.month)[1]),
    "month": _date(lambda date: date.month),
    "year": _date(lambda date: date.year, _CYCLE_YEARS),
}

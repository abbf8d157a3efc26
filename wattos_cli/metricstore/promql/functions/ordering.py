"""The order of an instant query's answer, by value or by labels; a range query is ordered by labels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wattos_cli.metricstore.promql.functions.signature import Function
from wattos_cli.metricstore.promql.nodes import text_of
from wattos_cli.metricstore.promql.values import Row, Vector, label

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call

_CHUNK = re.compile(r"\d+|\D+")


def _sorting(key: Callable[[Call, Row], Any], *, descending: bool = False) -> Function:
    def function(evaluator: Evaluator, call: Call) -> Vector:
        rows = evaluator.vector(call.args[0])
        if not evaluator.span.is_instant:
            evaluator.annotations.sorted_range(call.position)
            return rows
        present = [row for row in rows if row.column[0] is not None]
        return sorted(present, key=lambda row: key(call, row), reverse=descending)

    return function


def _by_value(sign: float) -> Callable[[Call, Row], tuple[bool, float]]:
    """Return a key that puts NaN last."""

    def key(_: Call, row: Row) -> tuple[bool, float]:
        value = row.column[0]
        if value is None or math.isnan(value):
            return (True, 0.0)
        return (False, sign * value)

    return key


def _by_labels(call: Call, row: Row) -> Any:
    """Return a key of the named labels, numbers in them compared as numbers, then of all labels."""
    return [natural(label(row.labels, name)) for name in text_of(call.args)], row.labels


def natural(text: str) -> list[tuple[bool, int, str]]:
    """Return a key by which `a2` sorts before `a10`."""
    return [
        (True, 0, chunk) if not chunk[0].isdigit() else (False, int(chunk), chunk)
        for chunk in _CHUNK.findall(text)
    ]


TABLE: Mapping[str, Function] = {
    "sort": _sorting(_by_value(1.0)),
    "sort_desc": _sorting(_by_value(-1.0)),
    "sort_by_label": _sorting(_by_labels),
    "sort_by_label_desc": _sorting(_by_labels, descending=True),
}

"""Between types, and whether there is anything at all: scalar, vector, absent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.functions.signature import Function
from wattos_cli.metricstore.promql.nodes import RangeSelector, Selector
from wattos_cli.metricstore.promql.values import Row, Scalar, Vector
from wattos_cli.metricstore.series import NAME, Labels

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call, Node


def _scalar(evaluator: Evaluator, call: Call) -> Scalar:
    rows = evaluator.vector(call.args[0])
    if not rows:
        return [math.nan] * len(evaluator.times)
    columns = zip(*(row.column for row in rows), strict=True)
    present = ([value for value in values if value is not None] for values in columns)
    return [values[0] if len(values) == 1 else math.nan for values in present]


def _vector(evaluator: Evaluator, call: Call) -> Vector:
    return [Row((), list(evaluator.scalar(call.args[0])))]


def _absent(evaluator: Evaluator, call: Call) -> Vector:
    rows = evaluator.vector(call.args[0])
    found = [[value is not None for value in row.column] for row in rows]
    return _where_none(evaluator, call.args[0], found)


def _absent_over_time(evaluator: Evaluator, call: Call) -> Vector:
    found = [[high > low for low, high in windows.bounds()] for windows in evaluator.windows(call.args[0])]
    return _where_none(evaluator, call.args[0], found)


def _where_none(evaluator: Evaluator, arg: Node, found: Sequence[Sequence[bool]]) -> Vector:
    there = [any(flags) for flags in zip(*found, strict=True)] if found else [False] * len(evaluator.times)
    return [Row(_labels(arg), [None if flag else 1.0 for flag in there])]


def _labels(arg: Node) -> Labels:
    """Return the labels that the selector demands literally, each once."""
    selector = arg.selector if isinstance(arg, RangeSelector) else arg
    if not isinstance(selector, Selector):
        return ()
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in selector.matchers:
        if matcher.name == NAME:
            continue
        if matcher.op == "=" and matcher.name not in seen:
            labels[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    return tuple(sorted((name, value) for name, value in labels.items() if value))


TABLE: Mapping[str, Function] = {
    "scalar": _scalar,
    "vector": _vector,
    "absent": _absent,
    "absent_over_time": _absent_over_time,
}

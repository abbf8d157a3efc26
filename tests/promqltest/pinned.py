"""An instant query pinned by `@`: its answer must be the same, whenever it is asked."""

from dataclasses import replace

from wattos_cli.metricstore.promql.nodes import (
    Aggregation,
    At,
    Binary,
    Call,
    Negation,
    Node,
    RangeSelector,
    Selector,
    Subquery,
    children,
)

_OF_EVALUATION = frozenset(
    [
        *("days_in_month", "day_of_month", "day_of_week", "day_of_year", "end", "hour", "minute", "month"),
        *("predict_linear", "range", "start", "step", "time", "timestamp", "year"),
    ]
)
"""Functions whose value depends on when they are evaluated, whatever their arguments."""


def pinned_to(node: Node, at_ms: int) -> Node | None:
    """Return `node` with every selector pinned to `at_ms`; None if a function in it depends on the time."""
    return None if _depends(node) else _pinned(node, At("time", at_ms))


def pinned_times(at_ms: int) -> list[int]:
    """Return when a pinned query is asked besides `at_ms`."""
    return [-10 * at_ms, 0, at_ms // 5, at_ms, 10 * at_ms] if at_ms else [-1000, 0, 1000]


def _depends(node: Node) -> bool:
    return (isinstance(node, Call) and node.name in _OF_EVALUATION) or any(map(_depends, children(node)))


def _pinned(node: Node, at: At) -> Node:
    match node:
        case Selector() | Subquery():
            pinned: Node = node if node.at else replace(node, at=at)
        case RangeSelector():
            pinned = node if node.selector.at else replace(node, selector=replace(node.selector, at=at))
        case Call():
            pinned = replace(node, args=tuple(_pinned(arg, at) for arg in node.args))
        case Aggregation():
            param = _pinned(node.param, at) if node.param else None
            pinned = replace(node, expression=_pinned(node.expression, at), param=param)
        case Binary():
            pinned = replace(node, left=_pinned(node.left, at), right=_pinned(node.right, at))
        case Negation():
            pinned = replace(node, expression=_pinned(node.expression, at))
        case _:
            pinned = node
    return pinned

"""PromQL as the rules read it: parsed, with Grafana's variables replaced."""

from collections.abc import Iterator
from functools import lru_cache

import promql_parser as parser

from wattos_cli.dashboards.scope import INTERVAL, RANGE

_RATE_INTERVAL = "14597s"  # no board asks for just that by itself
_SPAN = "14593s"
Path = tuple[parser.Expr, ...]


@lru_cache(maxsize=1024)
def parsed(expr: str) -> parser.Expr | str:
    """Return the expression, or what is wrong with it in the parser's words."""
    try:
        return parser.parse(expr.replace(INTERVAL, _RATE_INTERVAL).replace(RANGE, _SPAN))
    except ValueError as error:
        return str(error)


def nodes(expr: str) -> Iterator[tuple[parser.Expr, Path]]:
    """Yield every node with the nodes above it, the nearest last; none for what does not parse."""
    tree = parsed(expr)
    if isinstance(tree, str):
        return
    above: list[parser.Expr] = []
    found: list[tuple[parser.Expr, Path]] = []

    def enter(node: parser.Expr) -> None:
        found.append((node, tuple(above)))
        above.append(node)

    def leave(_node: parser.Expr) -> None:
        above.pop()

    parser.walk(tree, enter, leave)
    yield from found


def selectors(expr: str) -> Iterator[tuple[parser.VectorSelector, Path]]:
    """Yield every selector of series, those of ranges too."""
    for node, above in nodes(expr):
        if isinstance(node, parser.VectorSelector):
            yield node, above


def is_rate_interval(selector: parser.MatrixSelector) -> bool:
    """Return whether the range is `$__rate_interval`."""
    return f"{selector.range.total_seconds():.0f}s" == _RATE_INTERVAL

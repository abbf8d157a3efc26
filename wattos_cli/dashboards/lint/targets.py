"""Rules on queries."""

import re
from collections.abc import Iterator

import promql_parser as parser

from wattos_cli.dashboards.lint.expressions import is_rate_interval, nodes, parsed, selectors
from wattos_cli.dashboards.lint.reading import Json, targets, variables

_RATES = frozenset({"rate", "irate"})
_OF_COUNTERS = _RATES | {"increase"}
_RANGE = re.compile(r"\[([^\]]*)\]")


def no_logql(board: Json) -> Iterator[str]:
    """Demand that no query asks Loki: nothing here can parse LogQL; logs are shown by `wattos logs`."""
    for where, target in targets(board):
        if _asks_loki(board, target):
            yield f"{where} asks Loki, which is not checked here"


def logql_range(board: Json) -> Iterator[str]:
    """Demand that ranges in a query to Loki are `$__auto`."""
    for where, target in targets(board):
        if _asks_loki(board, target):
            ranges = _RANGE.findall(str(target.get("expr")))
            yield from (f"{where}: the range [{each}] is not $__auto" for each in ranges if each != "$__auto")


def _asks_loki(board: Json, target: Json) -> bool:
    source = target.get("datasource")
    own = source.get("type") if isinstance(source, dict) else None
    return own == "loki" or any(each.get("query") == "loki" for each in variables(board, "datasource"))


def promql(board: Json) -> Iterator[str]:
    """Demand that every query parses."""
    for where, target in targets(board):
        expr = str(target.get("expr") or "")
        problem = parsed(expr) if expr else "there is no query"
        if isinstance(problem, str):
            yield f"{where}: {problem} in {expr!r}"


def rate_interval(board: Json) -> Iterator[str]:
    """Demand that rates are over `$__rate_interval`."""
    for where, target in targets(board):
        for node, above in nodes(str(target.get("expr"))):
            if not isinstance(node, parser.MatrixSelector) or is_rate_interval(node):
                continue
            call = above[-1] if above else None
            if isinstance(call, parser.Call) and call.func.name in _RATES:
                yield f"{where}: a rate that is not over $__rate_interval"


def job(board: Json) -> Iterator[str]:
    """Demand that every series is matched by the variable `job`."""
    yield from _unmatched(board, "job")


def instance(board: Json) -> Iterator[str]:
    """Demand that every series is matched by the variable `instance`."""
    yield from _unmatched(board, "instance")


def _unmatched(board: Json, name: str) -> Iterator[str]:
    for where, target in targets(board):
        for selector, _above in selectors(str(target.get("expr"))):
            matchers = [(each.name, each.op, each.value) for each in selector.matchers.matchers]
            if (name, parser.MatchOp.Re, f"${name}") not in matchers:
                yield f'{where}: a series without {name}=~"${name}"'


def counter_is_a_rate(board: Json) -> Iterator[str]:
    """Demand that a counter is shown as a rate or an increase, never as it stands."""
    for where, target in targets(board):
        for selector, above in selectors(str(target.get("expr"))):
            if not (selector.name or "").endswith("_total"):
                continue
            call = above[-2] if len(above) > 1 and isinstance(above[-1], parser.MatrixSelector) else None
            if not isinstance(call, parser.Call) or call.func.name not in _OF_COUNTERS:
                yield f"{where}: {selector.name} is a counter, and no rate of it is taken"

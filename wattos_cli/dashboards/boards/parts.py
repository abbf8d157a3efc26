"""What the boards are put together from: kinds of panels, and PromQL that occurs again and again."""

from typing import Any

from wattos_cli.dashboards.model import Panel, Query
from wattos_cli.dashboards.scope import INTERVAL, MARK, RANGE

_PERCENTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))


def graph(title: str, meaning: str, unit: str, *queries: Query, **more: Any) -> Panel:
    """Return a panel of lines over time; `more` are further fields of Panel."""
    return Panel(title, meaning, unit, queries, **more)


def stat(title: str, meaning: str, unit: str, *queries: Query, width: int = 4, **more: Any) -> Panel:
    """Return a panel that shows figures as they are now."""
    return Panel(title, meaning, unit, queries, kind="stat", width=width, **more)


def states(title: str, meaning: str, *queries: Query, **more: Any) -> Panel:
    """Return a panel of bars over time, of one colour while the value is 1 and of another while it is 0."""
    return Panel(title, meaning, "none", queries, kind="states", **more)


def series(name: str, where: str = "") -> str:
    """Return the selector of the series `name` in scope, with further matchers."""
    return f"{name}{MARK}, {where}}}" if where else f"{name}{MARK}}}"


def rate(name: str, *by: str, where: str = "") -> str:
    """Return how much the counter `name` grows a second, summed `by` labels."""
    return f"sum{_by(by)}(rate({series(name, where)}[{INTERVAL}]))"


def in_range(name: str, where: str = "") -> str:
    """Return how much the counter `name` grew in the time that the board shows, 0 if it does not exist."""
    return f"sum(increase({series(name, where)}[{RANGE}])) or vector(0)"


def or_none(expr: str) -> str:
    """Return `expr`, or 0 where it has no series yet: a counter of what has never happened does not exist."""
    return f"{expr} or on() vector(0)"


def share(name: str, *by: str, where: str, of: str = "") -> str:
    """Return which share of the counter `name` has `where`; 0 where nothing was counted.

    `of` are matchers that the whole has too.
    """
    whole = rate(name, *by, where=of)
    part = rate(name, *by, where=", ".join(filter(None, (of, where))))
    return f"({part} or 0 * {whole}) / clamp_min({whole}, 1e-9)"


def percentile(rank: float, name: str, *by: str, where: str = "") -> str:
    """Return the time within which the share `rank` of the histogram `name` lies."""
    return f"histogram_quantile({rank:g}, {rate(f'{name}_bucket', *by, 'le', where=where)})"


def percentiles(name: str, where: str = "", empty: str = "") -> tuple[Query, ...]:
    """Return p50, p95 and p99 of the histogram `name`."""
    return tuple(Query(percentile(rank, name, where=where), legend, empty) for rank, legend in _PERCENTILES)


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)}) " if labels else ""

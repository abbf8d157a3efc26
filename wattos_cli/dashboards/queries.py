"""Every query of every panel as Grafana asks it, for whoever holds them against a store."""

from collections.abc import Mapping
from typing import NamedTuple

from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.scope import scoped, substituted


class Asked(NamedTuple):
    """One query; `empty` says when it rightly has no answer, and is empty where it must have one."""

    board: str
    panel: str
    legend: str
    expr: str
    empty: str = ""


def queries(
    selector: str = "",
    *,
    interval: str = "1m",
    span: str = "5m",
    selected: Mapping[str, str] | None = None,
) -> list[Asked]:
    """Return all queries with the variables replaced; see `scope.substituted`."""
    return [
        Asked(
            board.uid,
            panel.title,
            query.legend,
            substituted(scoped(query.expr, selector), interval=interval, span=span, selected=selected),
            query.empty,
        )
        for board in ALL
        for panel in board.panels()
        for query in panel.queries
    ]

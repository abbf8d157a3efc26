"""Boards as Grafana's classic dashboard JSON, built with Grafana's own SDK."""

import json
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from wattos_cli.alerting.slo import SloBook, bundled_slos
from wattos_cli.dashboards import links
from wattos_cli.dashboards.layout import placed
from wattos_cli.dashboards.model import Board, Panel
from wattos_cli.dashboards.objectives import objectives
from wattos_cli.dashboards.panels import panel_of
from wattos_cli.dashboards.variables import variables

_REFRESH = "10s"


def built(board: Board, selector: str = "", book: SloBook | None = None) -> dict[str, Any]:
    """Return the board as Grafana's JSON; `selector` narrows every query.

    Limits are those of `book`, or of the objectives that travel with the program.
    Raises SelectorError (of `scope`) for a selector that is no list of matchers.
    """
    figures = objectives(book or bundled_slos())
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.meaning)
        .tags([links.TAG])
        .readonly()
        .refresh(_REFRESH)
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables(variables(selector))
        .annotations([])
        .link(links.to_all())
    )
    for number, (part, place) in enumerate(placed(board), start=1):
        if isinstance(part, Panel):
            made = made.with_panel(panel_of(part, number, place, selector, figures))
        else:
            grid = models.GridPos(x=place.x, y=place.y, w=place.width, h=place.height)
            made = made.with_row(dashboard.Row(part.title).id(number).grid_pos(grid))
    whole: dict[str, Any] = json.loads(JSONEncoder().encode(made.build()))
    return whole

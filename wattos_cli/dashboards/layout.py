"""Where the panels of a board lie on Grafana's grid."""

from collections.abc import Iterator
from typing import NamedTuple

from wattos_cli.dashboards.model import COLUMNS, Board, Panel, Row

HEADING_HEIGHT = 1
HEIGHTS = {"stat": 4, "timeseries": 8, "states": 8}
"""In grid units of 30 pixels."""


class Place(NamedTuple):
    """Position and size on the grid, from the upper left."""

    x: int
    y: int
    width: int
    height: int


def placed(board: Board) -> Iterator[tuple[Row | Panel, Place]]:
    """Yield every heading and panel with its place, in lines of 24 columns, from the top."""
    y = 0
    for row in board.rows:
        yield row, Place(0, y, COLUMNS, HEADING_HEIGHT)
        y += HEADING_HEIGHT
        x = line = 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, line = 0, y + line, 0
            height = HEIGHTS[panel.kind]
            yield panel, Place(x, y, panel.width, height)
            x, line = x + panel.width, max(line, height)
        y += line

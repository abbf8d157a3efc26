"""The boards, one file each."""

from wattos_cli.dashboards.boards import overview
from wattos_cli.dashboards.model import Board

ALL: tuple[Board, ...] = (overview.BOARD,)

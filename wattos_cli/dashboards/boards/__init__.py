"""The boards, one file each."""

from wattos_cli.dashboards.boards import agents, llm, loadtest, overview, rag, resilience, services, storage
from wattos_cli.dashboards.model import Board

ALL: tuple[Board, ...] = (
    overview.BOARD,
    services.BOARD,
    llm.BOARD,
    rag.BOARD,
    agents.BOARD,
    resilience.BOARD,
    storage.BOARD,
    loadtest.BOARD,
)

"""All that `wattos dashboards generate` writes, and what of it is stale."""

import json

from wattos_cli.alerting.slo import SloBook
from wattos_cli.dashboards import provisioning
from wattos_cli.dashboards.boards import ALL

FOLDER = "grafana"


def all_files(selector: str = "", book: SloBook | None = None) -> dict[str, str]:
    """Return the text of every generated file by its path below the folder of dashboards; see `built`."""
    from wattos_cli.dashboards.build import built

    boards = {f"{board.uid}.json": _as_json(built(board, selector, book)) for board in ALL}
    return {
        **{f"{FOLDER}/{name}": text for name, text in boards.items()},
        f"{FOLDER}/provisioning/dashboards.yaml": provisioning.PROVIDER,
        f"{FOLDER}/provisioning/datasource.yaml": provisioning.DATASOURCE,
        f"{FOLDER}/kubernetes/config-maps.yaml": provisioning.config_maps(boards),
    }


def _as_json(board: object) -> str:
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"

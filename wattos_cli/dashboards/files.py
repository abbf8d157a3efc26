"""All that `wattos dashboards generate` writes, and what of it is stale."""

import json
from collections.abc import Mapping
from pathlib import Path

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


def stale(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Return what below `folder` is missing or differs, and boards that should not be there."""
    differing = [name for name, text in files.items() if _text(folder / name) != text]
    boards = (folder / FOLDER).glob("*.json")
    left_over = [name for path in boards if (name := f"{FOLDER}/{path.name}") not in files]
    return sorted(differing + left_over)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _as_json(board: object) -> str:
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"

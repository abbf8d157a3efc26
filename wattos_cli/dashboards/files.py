"""All that `wattos dashboards generate` writes, and what of it is stale."""

import json
from collections.abc import Mapping
from pathlib import Path

from wattos_cli.alerting.slo import SloBook
from wattos_cli.dashboards import provisioning
from wattos_cli.dashboards.boards import ALL
from wattos_cli.errors import ExitCode, WattosError

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


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it; WattosError (exit 2) where that may not be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WattosError(
            f"cannot write {path}: {error.strerror}",
            hint="name a place that you may write to",
            code="dashboards_not_writable",
            exit_code=ExitCode.USAGE,
            details={"path": str(path)},
        ) from error


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _as_json(board: object) -> str:
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"

"""The answer of `wattos config reload`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattos_cli.render import text

SCHEMA = "wattos.config-reload/v1"
_HEAD = ("SERVICE", "REPLICA", "STATUS", "CHANGED")

Row = Mapping[str, Any]


def as_json(file: Path | None, rows: Sequence[Row], remaining: Sequence[Row]) -> dict[str, Any]:
    """Return `wattos.config-reload/v1`; `file` is the path of wattos.toml."""
    return {"schema": SCHEMA, "file": file, "services": list(rows), "not_reloaded": list(remaining)}


def as_table(rows: Sequence[Row], *, width: int, color: bool) -> str:
    """Return a row per replica."""
    cells = [
        (
            row["name"],
            str(row["replica"]),
            str(row["status"]).replace("_", " "),
            ", ".join(row["changed"]) or "-",
        )
        for row in rows
    ]
    return text.table(_HEAD, cells, width=width, color=color)


def failures(rows: Sequence[Row]) -> list[str]:
    """Return a line for each replica that was not reloaded, with the reason."""
    return [f"{row['name']}-{row['replica']}: {row['error']}" for row in rows if row["error"]]

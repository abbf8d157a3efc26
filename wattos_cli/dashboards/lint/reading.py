"""What the rules read of a board's JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
SOURCES = frozenset({"$datasource", "${datasource}"})


def variables(board: Json, kind: str = "") -> list[Json]:
    """Return the board's variables, or those of one kind (`query`, `datasource`)."""
    listed: list[Json] = board.get("templating", {}).get("list", [])
    return [variable for variable in listed if not kind or variable.get("type") == kind]


def panels(board: Json) -> Iterator[Json]:
    """Yield the panels that show data, those of collapsed rows too."""
    for panel in board.get("panels", []):
        if panel.get("type") == "row":
            yield from panels(panel)
        elif panel.get("type") != "text":
            yield panel


def targets(board: Json) -> Iterator[tuple[str, Json]]:
    """Yield every target with the words that say where it is."""
    for panel in panels(board):
        for target in panel.get("targets") or []:
            yield f"panel {panel.get('title')!r}, query {target.get('refId')}", target


def source_of(part: Json) -> str:
    """Return the uid of the data source of a panel, target or variable; empty if it names none."""
    source = part.get("datasource")
    return str(source.get("uid", "")) if isinstance(source, Mapping) else str(source or "")

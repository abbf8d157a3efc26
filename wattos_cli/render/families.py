"""Metrics as a list for people and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import text
from wattos_cli.render.metric_answers import shortened

SCHEMA = "wattos.metrics-list/v1"
_HEAD = ("NAME", "TYPE", "UNIT", "SERIES", "LAST", "MEANING")

_LEGIBLE = 16
"""Characters of a meaning, with fewer of which it says nothing."""

Row = Mapping[str, Any]


def as_json(rows: Sequence[Row], at_s: float) -> dict[str, Any]:
    """Return `wattos.metrics-list/v1`; `at_s` is the time of the last scrape."""
    return {"schema": SCHEMA, "at": at_s, "metrics": list(rows)}


def as_table(rows: Sequence[Row], *, width: int, color: bool) -> str:
    """Return a row for each metric; with `width`, its meaning is cut to fit.

    Where next to nothing of a meaning would be left, it is left out, and the unit, which the name ends in.
    """
    cells: list[tuple[str, ...]] = [
        (row["name"], row["type"] or "-", row["unit"] or "-", str(row["series"]), _last(row), row["help"])
        for row in rows
    ]
    figures = frozenset({"SERIES", "LAST"})
    taken = sum(max(map(len, column)) + len("  ") for column in list(zip(_HEAD, *cells, strict=True))[:-1])
    if width and width - taken < _LEGIBLE:
        head, cells = _without(_HEAD, "UNIT", "MEANING"), [_without(row, "UNIT", "MEANING") for row in cells]
        return text.table(head, cells, width=width, color=color, cut=0, right=figures)
    return text.table(_HEAD, cells, width=width, color=color, cut=_HEAD.index("MEANING"), right=figures)


def _without(cells: Sequence[str], *left_out: str) -> tuple[str, ...]:
    return tuple(cell for name, cell in zip(_HEAD, cells, strict=True) if name not in left_out)


def _last(row: Row) -> str:
    if row["last"] is not None:
        return shortened(repr(row["last"]))
    if row["least"] is None:
        return "-"
    least, most = (shortened(repr(row[name])) for name in ("least", "most"))
    return least if least == most else f"{least}..{most}"

"""Tables that fit: cells made harmless, broken or cut to the width, colours only where wanted."""

import textwrap
from collections.abc import Sequence

from wattos_cli.render.safe import visible

_RESET = "\033[0m"
_COLORS = {"red": "\033[31m", "green": "\033[32m", "yellow": "\033[33m", "dim": "\033[2m", "bold": "\033[1m"}
_STATUS_COLORS = {
    "healthy": "green", "ready": "green", "up": "green", "ok": "green", "unchanged": "green",
    "reloaded": "green",
    "degraded": "yellow", "warning": "yellow", "starting": "yellow", "queued": "yellow",
    "processing": "yellow", "at next start": "yellow", "taken back": "yellow",
    "unhealthy": "red", "failed": "red", "error": "red", "down": "red",
    "closed": "green", "half_open": "yellow", "disabled": "yellow", "metrics_only": "yellow",
    "open": "red", "forced_open": "red",
    "refused": "red", "unreachable": "red",
}  # fmt: skip
GAP = "  "
_NARROWEST = 12
"""Characters of a column below which breaking it into lines helps nobody."""


def colored(text: str, color: str, *, enabled: bool) -> str:
    """Return `text` in `color` when colours are enabled."""
    return f"{_COLORS[color]}{text}{_RESET}" if enabled and color in _COLORS else text


def status(text: str, *, enabled: bool) -> str:
    """Return a status word in its colour when colours are enabled."""
    return colored(text, _STATUS_COLORS.get(text, ""), enabled=enabled)


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int = 0,
    color: bool = False,
    cut: int | None = None,
    right: frozenset[str] = frozenset(),
) -> str:
    """Return aligned columns that fit `width`: the last one goes on in the next lines, or `cut` is cut.

    Status words get their colour; `right` names the headings of figures.
    """
    safe = [[visible(cell) for cell in row] for row in rows]
    sizes = [max(len(cell) for cell in column) for column in zip(head, *safe, strict=True)]
    if width:
        yields = -1 if cut is None else cut
        others = sum(sizes) - sizes[yields] + len(GAP) * (len(sizes) - 1)
        least = len(head[yields]) if cut is not None else min(sizes[-1], max(len(head[-1]), _NARROWEST))
        sizes[yields] = max(least, min(sizes[yields], width - others))
    if width and cut is None:
        safe = [line for row in safe for line in _broken(row, sizes[-1])]
    formats = [f"{'>' if name in right else '<'}{size}" for name, size in zip(head, sizes, strict=True)]
    heading = GAP.join(format(name, aligned) for name, aligned in zip(head, formats, strict=True))
    lines = [colored(heading.rstrip(), "bold", enabled=color)]
    for row in safe:
        cells = [_cut(cell, size) for cell, size in zip(row, sizes, strict=True)]
        text = GAP.join(
            colored(format(cell, aligned), _STATUS_COLORS.get(cell, ""), enabled=color)
            for cell, aligned in zip(cells, formats, strict=True)
        )
        lines.append(text.rstrip())
    return "\n".join(lines)


def _broken(row: Sequence[str], size: int) -> list[list[str]]:
    """Return a row as lines: its last cell is broken between words, the others stand in the first line."""
    *others, last = row
    first, *rest = textwrap.wrap(last, size, break_on_hyphens=False) or [last]
    return [[*others, first], *([""] * len(others) + [line] for line in rest)]


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: max(size - 1, 0)]}…"

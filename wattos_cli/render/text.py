"""Tables that fit: cells made harmless and cut to the width, colours only where wanted."""

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
    cut: int = -1,
    right: frozenset[str] = frozenset(),
) -> str:
    """Return aligned columns; with `width`, the column `cut` (the last) is cut to fit.

    Status words get their colour; `right` names the headings of figures.
    """
    safe = [[visible(cell) for cell in row] for row in rows]
    sizes = [max(len(cell) for cell in column) for column in zip(head, *safe, strict=True)]
    if width:
        others = sum(sizes) - sizes[cut] + len(GAP) * (len(sizes) - 1)
        sizes[cut] = max(len(head[cut]), min(sizes[cut], width - others))
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


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: max(size - 1, 0)]}…"

"""The figures of `wattos logs --count-by` and `--stats` as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render.safe import visible


def counts(field: str, rows: Sequence[tuple[str, int]], absent: int) -> str:
    """Return one row per value, the most frequent first, and one for records without the field."""
    shown = [(str(count), visible(value)) for value, count in rows]
    if absent:
        shown.append((str(absent), "(absent)"))
    width = max([len("count"), *(len(count) for count, _ in shown)])
    return "\n".join([f"{'count':>{width}}  {visible(field)}", *(f"{c:>{width}}  {v}" for c, v in shown)])


def stats(figures: Mapping[str, Any]) -> str:
    """Return one figure per line, numbers short but exact enough to compare."""
    lines = []
    for name, value in figures.items():
        text = "-" if value is None else f"{value:.6g}" if isinstance(value, float) else visible(str(value))
        lines.append(f"{name:<12} {text}")
    return "\n".join(lines)

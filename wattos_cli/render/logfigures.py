"""The figures of `wattos logs --count-by` and `--stats` as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render.columns import table
from wattos_cli.render.safe import visible


def counts(field: str, rows: Sequence[tuple[str, int]], absent: int) -> str:
    """Return one row per value, the most frequent first, and one for records without the field."""
    shown = [(str(count), visible(value)) for value, count in rows]
    if absent:
        shown.append((str(absent), "(absent)"))
    return table(("COUNT", visible(field).upper()), shown, frozenset({"COUNT"}))


def stats(figures: Mapping[str, Any]) -> str:
    """Return one figure per line, numbers short but exact enough to compare."""
    return "\n".join(f"{name:<12} {_figure(value)}" for name, value in figures.items())


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else visible(str(value))

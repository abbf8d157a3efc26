"""Breakers that refuse calls, in words: who made them, and for how much longer."""

from collections.abc import Iterable, Mapping
from typing import Any

_WORDS = {"open": "open", "forced_open": "tripped"}


def refusing(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what is told of each breaker among `rows` that refuses calls, by its name."""
    places: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["state"] in _WORDS:
            places.setdefault((str(row["name"]), str(row["state"])), []).append(row)
    told: dict[str, list[str]] = {}
    for (name, state), found in places.items():
        where = ", ".join(f"{row['service']}-{row['replica']}" for row in found)
        told.setdefault(name, []).append(f"{_WORDS[state]} in {where}{_left(found)}")
    return {name: f"breaker {name} is {' and '.join(parts)}" for name, parts in told.items()}


def reset_command(name: str) -> str:
    """Return what closes the breaker `name`, to be typed."""
    return f"wattos breaker reset {name} --reason 'before a drill'"


def _left(rows: Iterable[Mapping[str, Any]]) -> str:
    left_s = max(float(row.get("retry_after_s") or 0.0) for row in rows)
    return f" for another {left_s:.0f} s" if left_s else ""

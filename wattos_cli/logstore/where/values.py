"""How a field's value compares with a literal of a `--where` expression."""

import re
from dataclasses import dataclass
from typing import Any

from wattos_cli.logstore import fields
from wattos_cli.logstore.instants import epoch_s, parse_rfc3339

_INTEGER = re.compile(r"[-+]?\d{1,40}")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written; `number` is set for numbers, units already converted to the field's own."""

    text: str
    number: float | None = None


def equal(name: str, value: Any, literal: Literal) -> bool:
    """Say whether the field's value is the literal: as level, as number, as true/false/null, else as text."""
    if name == "level":
        level, wanted = fields.level_name(value), fields.level_name(literal.text)
        if level and wanted and literal.number is None:
            return level == wanted
    if literal.number is not None:
        if isinstance(value, int) and not isinstance(value, bool) and _INTEGER.fullmatch(literal.text):
            return value == int(literal.text)  # exact where a float is not: identifiers beyond 2**53
        return fields.number(value) == literal.number
    if name == "time":
        return order(name, value, literal) == 0
    return fields.text(value) == literal.text


def order(name: str, value: Any, literal: Literal) -> int | None:
    """Return -1, 0 or 1 as the value is below, at or above the literal; None where no order is defined."""
    pair = _levels(name, value, literal) or _instants(name, value, literal) or _numbers(value, literal)
    if pair is not None:
        return (pair[0] > pair[1]) - (pair[0] < pair[1])
    if isinstance(value, str) and literal.number is None:
        return (value > literal.text) - (value < literal.text)
    return None


def _levels(name: str, value: Any, literal: Literal) -> tuple[float, float] | None:
    level, wanted = fields.level_name(value), fields.level_name(literal.text)
    if name != "level" or literal.number is not None or level is None or wanted is None:
        return None
    return fields.RANKS[level], fields.RANKS[wanted]


def _instants(name: str, value: Any, literal: Literal) -> tuple[float, float] | None:
    if literal.number is not None:
        return None
    wanted = parse_rfc3339(literal.text)
    found = epoch_s(value) if name == "time" or isinstance(value, str) else None
    return None if wanted is None or found is None else (found, wanted)


def _numbers(value: Any, literal: Literal) -> tuple[float, float] | None:
    found = fields.number(value)
    return None if literal.number is None or found is None else (found, literal.number)

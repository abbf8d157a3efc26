"""One setting: its kind, its limits and its documentation; plain dataclasses, so that reading stays fast."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wattos_cli.durations import duration_s

_PRICE = re.compile(r"\d{1,6}(\.\d{1,6})?")
_HIGHEST_PORT = 65535
_OFFSET_STEP = 100
_SHORTEST_PERIOD_S = 1.0


class InvalidValueError(ValueError):
    """A value does not fit its setting; the text says what is expected."""


@dataclass(frozen=True, slots=True)
class Field:
    """A setting at `key` (dotted) in wattos.toml; `env` is its variable, empty if it has none."""

    key: str
    kind: str
    default: Any
    description: str
    env: str = ""
    secret: bool = False
    choices: tuple[str, ...] = ()

    def parsed(self, value: Any) -> Any:
        """Return `value` (of TOML, or a variable's text) as this setting's type, or raise."""
        parsed = _PARSERS[self.kind](value)
        if self.choices and parsed not in self.choices:
            raise InvalidValueError(f"expected one of {', '.join(self.choices)}, got {parsed!r}")
        return parsed


def seconds(text: Any) -> float:
    """Return a duration (`500ms`, `30s`, `5m`, `2h`, or a number of seconds) in seconds."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)
    try:
        return duration_s(str(text).strip())
    except ValueError as error:
        raise InvalidValueError(str(error)) from None


def _period(value: Any) -> float:
    """Return a duration of at least a second, in seconds."""
    period_s = seconds(value)
    if not _SHORTEST_PERIOD_S <= period_s < float("inf"):
        raise InvalidValueError(f"expected a duration of at least 1s, got {value!r}")
    return period_s


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValueError(f"expected text in quotes, got {value!r}")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError(f"expected a whole number, got {value!r}")
    return value


def _port(value: Any) -> int:
    port = _integer(value)
    if not 0 < port <= _HIGHEST_PORT:
        raise InvalidValueError(f"expected a port from 1 to {_HIGHEST_PORT}, got {port}")
    return port


def _offset(value: Any) -> int:
    offset = _integer(value)
    if offset < 0 or offset % _OFFSET_STEP:
        raise InvalidValueError(f"expected a multiple of {_OFFSET_STEP}, not below 0, got {offset}")
    return offset


def _count(value: Any) -> int:
    count = _integer(value)
    if count < 1:
        raise InvalidValueError(f"expected a number from 1 on, got {count}")
    return count


def _price(value: Any) -> str:
    """Return US dollars per million tokens as text, with at most six decimals, so that costs stay exact."""
    text = repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    match = _PRICE.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise InvalidValueError(
            f"expected US dollars per million tokens like 2.5, with at most six decimals, got {value!r}"
        )
    return match.group()


def _day(value: Any) -> str:
    """Return a day as ISO text."""
    from datetime import date, datetime

    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidValueError(f"expected a day like 2026-01-31, got {value!r}")
    return day.isoformat()


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False}
    word = str(value).strip().lower() if isinstance(value, str) else ""
    if word not in words:
        raise InvalidValueError(f"expected true or false, got {value!r}")
    return words[word]


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidValueError(f'expected a list of texts like ["a", "b"], got {value!r}')
    return tuple(value)


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidValueError(f"expected a table, got {value!r}")
    return value


def _texts(value: Any) -> Mapping[str, str]:
    table = _table(value)
    for name, item in table.items():
        if not isinstance(item, str | int | float):
            raise InvalidValueError(f"expected text for {name}, got {item!r}")
    return {name: str(item).lower() if isinstance(item, bool) else str(item) for name, item in table.items()}


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "port": _port,
    "offset": _offset,
    "count": _count,
    "price": _price,
    "day": _day,
    "boolean": _boolean,
    "duration": seconds,
    "period": _period,
    "strings": _strings,
    "table": _table,
    "texts": _texts,
}

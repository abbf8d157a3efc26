"""One log line for people: time, level, service, message, then every field; text below it, indented."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from wattos_cli.render.safe import visible

_COLORS = {
    "trace": "2",
    "debug": "2",
    "info": "32",
    "warning": "33",
    "error": "31",
    "critical": "1;31",
    "bad": "35",
}
_LEVEL_WIDTH = 8
_SERVICE_WIDTH = 13
_QUOTED = frozenset(" \t\n\"'=")


class LogLine(Protocol):
    """What there is to show of one record."""

    @property
    def time(self) -> str:
        """Return the event time as text."""
        ...

    @property
    def level(self) -> str:
        """Return our name of the level, `bad` for a broken line, "" if unknown."""
        ...

    @property
    def service(self) -> str:
        """Return the service, with its replica's number."""
        ...

    @property
    def message(self) -> str:
        """Return the message, "" if there is none."""
        ...

    @property
    def fields(self) -> Sequence[tuple[str, Any]]:
        """Return all other fields, nested ones under dotted names."""
        ...

    @property
    def text(self) -> Sequence[str]:
        """Return the plain lines that belong to the record."""
        ...


def pretty(line: LogLine, *, color: bool) -> str:
    """Return the line as text without a final line feed; no value can control the terminal."""
    first = [line.time, _level(line.level, color=color), f"{visible(line.service):<{_SERVICE_WIDTH}}"]
    head, *more = line.message.split("\n")
    if head:
        first.append(visible(head))
    below = [f"    {visible(text)}" for text in more]
    for name, value in line.fields:
        if isinstance(value, str) and "\n" in value:
            below.append(f"  {_dim(visible(name), color=color)}:")
            below += [f"    {visible(text)}" for text in value.rstrip("\n").split("\n")]
        else:
            first.append(f"{_dim(visible(name) + '=', color=color)}{_value(value)}")
    below += [f"    {visible(text)}" for text in line.text]
    return "\n".join([" ".join(first).rstrip(), *below])


def _level(level: str, *, color: bool) -> str:
    text = f"{visible(level).upper() or '-':<{_LEVEL_WIDTH}}"
    return f"\x1b[{_COLORS.get(level, '0')}m{text}\x1b[0m" if color else text


def _dim(text: str, *, color: bool) -> str:
    return f"\x1b[2m{text}\x1b[0m" if color else text


def _value(value: Any) -> str:
    if isinstance(value, str):
        plain = value and not _QUOTED & set(value)
        return visible(value if plain else json.dumps(value, ensure_ascii=False))
    return visible(json.dumps(value, ensure_ascii=False, default=str))

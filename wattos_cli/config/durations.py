"""Durations given on the command line."""

from wattos_cli.config.fields import InvalidValueError, seconds
from wattos_cli.errors import usage

_WRITTEN = "write it like 500ms, 30s, 5m or 2h"


def option_seconds(text: str, flag: str) -> float:
    """Return the duration `text` of option `flag` in seconds; WattosError (usage) if it is none or 0."""
    try:
        value = seconds(text)
    except InvalidValueError as error:
        raise usage(f"{flag}: {error}", _WRITTEN) from None
    if value <= 0:
        raise usage(f"{flag}: expected more than 0, got {text!r}", _WRITTEN)
    return value

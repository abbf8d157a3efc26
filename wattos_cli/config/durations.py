"""Durations given on the command line."""

from wattos_cli.config.fields import InvalidValueError, seconds
from wattos_cli.errors import usage


def option_seconds(text: str, flag: str) -> float:
    """Return the duration `text` of option `flag` in seconds; WattosError (usage) if it is none or 0."""
    try:
        value = seconds(text)
    except InvalidValueError as error:
        raise usage(f"{flag}: {error}", f"for example: {flag} 30s") from None
    if value <= 0:
        raise usage(f"{flag}: expected more than 0, got {text!r}", f"for example: {flag} 30s")
    return value

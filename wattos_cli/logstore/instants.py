"""Instants: what a person types after `--since`, and what log records bear as their time."""

import math
import re
from datetime import UTC, datetime
from typing import Any

from wattos_cli.durations import duration_s

# Epoch numbers carry no unit; their size tells it for any instant between 1973 and 5138.
_NANOSECONDS_FROM = 1e17
_MICROSECONDS_FROM = 1e14
_MILLISECONDS_FROM = 1e11
_NO_DATE = "----------T------------Z"
_LEADING = re.compile(rb"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?)")

# Redis: `4242:M 26 Nov 2026 23:29:50.540 * Ready to accept connections`.
_LEADING_REDIS = re.compile(rb"\d+:[A-Z] (\d\d) ([A-Z][a-z][a-z]) (\d{4}) (\d\d:\d\d:\d\d\.\d{3}) ")
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")


def instant_s(text: str, now_s: float) -> float:
    """Return seconds since the epoch for RFC 3339 (`2026-11-23T18:00:00Z`), `now`, or relative `-15m`.

    `15m` means the same: so long ago. A time without an offset is UTC. Raises ValueError naming the text.
    """
    text = text.strip()
    if text == "now":
        return now_s
    if text.startswith("-"):
        return now_s - duration_s(text[1:])
    parsed = parse_rfc3339(text)
    if parsed is not None:
        return parsed
    try:
        return now_s - duration_s(text)
    except ValueError:
        message = f"{text!r} is neither RFC 3339 (2026-11-23T18:00:00Z) nor relative (-15m)"
        raise ValueError(message) from None


def parse_rfc3339(text: str) -> float | None:
    """Return seconds since the epoch, or None if `text` is no date; without an offset it is UTC."""
    try:
        parsed = datetime.fromisoformat(text.strip())
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        return parsed.timestamp()
    except (ValueError, OverflowError):
        return None


def epoch_s(value: Any) -> float | None:
    """Return seconds since the epoch for a time field: RFC 3339, or s, ms, us, ns since the epoch."""
    if isinstance(value, str):
        return parse_rfc3339(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or value <= 0
    ):
        return None
    if value >= _NANOSECONDS_FROM:
        return value / 1e9
    if value >= _MICROSECONDS_FROM:
        return value / 1e6
    if value >= _MILLISECONDS_FROM:
        return value / 1e3
    return float(value)


def leading_s(line: bytes) -> float | None:
    """Return the instant a plain-text line starts with, or None; without an offset it is UTC."""
    found = _LEADING.match(line)
    if found:
        return parse_rfc3339(found.group(1).decode().replace(" +", "+").replace(" Z", "Z"))
    found = _LEADING_REDIS.match(line)
    if found is None or found.group(2) not in _MONTHS:
        return None
    day, month, year, clock = found.groups()
    return parse_rfc3339(f"{year.decode()}-{_MONTHS.index(month) + 1:02}-{day.decode()}T{clock.decode()}")


def rfc3339(instant: float) -> str:
    """Return `instant` (seconds since the epoch) in UTC with milliseconds, or dashes if it is no date."""
    try:
        return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return _NO_DATE


def is_date(instant: float) -> bool:
    """Return whether the calendar reaches `instant` (seconds since the epoch)."""
    return rfc3339(instant) != _NO_DATE

"""Instants as text (RFC 3339, UTC, microseconds: the form of every log line and answer) and as days."""

import math
import time
from datetime import UTC, date, datetime

DAY_S = 86_400
_second = 0
_prefix = ""
_day_begin = math.inf
_day = date.min


def rfc3339(now: float) -> str:
    """Return `now` (seconds since the epoch) as `2026-01-02T03:04:05.678901Z`.

    The text of the current second is kept, since formatting it costs more than all the rest.
    """
    global _second, _prefix
    micros = round(now * 1_000_000)
    second, fraction = divmod(micros, 1_000_000)
    prefix = _prefix
    if second != _second or not prefix:
        prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        _second, _prefix = second, prefix
    return f"{prefix}{fraction:06d}Z"


def utc_day(now: float) -> date:
    """Return the UTC day of `now` (seconds since the epoch); kept, since it changes once a day."""
    global _day_begin, _day
    if not 0 <= now - _day_begin < DAY_S:
        _day_begin, _day = int(now // DAY_S) * DAY_S, datetime.fromtimestamp(now, UTC).date()
    return _day

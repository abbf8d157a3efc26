"""Instants as text: RFC 3339, UTC, microseconds, the form of every log line and answer."""

import time

_second = 0
_prefix = ""


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

"""The wait that a Retry-After header asks for, ours and those of others."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 3600.0
# Whole seconds by the RFC; some upstreams give fractions. More digits than a float holds are nonsense.
_SECONDS = re.compile(r"\d{1,15}(?:\.\d{0,15})?", re.ASCII)


def whole_wait_s(wait_s: float) -> int:
    """Return `wait_s` in whole seconds, rounded up so that nobody comes back too early; 1 at least."""
    return max(1, math.ceil(wait_s))


def retry_after(wait_s: float) -> dict[str, str]:
    """Return the header that asks a caller to wait for `wait_s` seconds."""
    return {"Retry-After": str(whole_wait_s(wait_s))}


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for at wall time `now`, None for none or nonsense.

    Both forms of RFC 9110, 10.2.3: seconds and HTTP date. A date in the past is 0, one without a zone is in
    UTC; nothing asks for more than an hour.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT_S)
    try:
        when = parsedate_to_datetime(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        wait_s = (when - datetime.fromtimestamp(now, UTC)).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return min(max(wait_s, 0.0), LONGEST_WAIT_S)

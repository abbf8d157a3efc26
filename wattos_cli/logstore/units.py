"""Units of sizes, and the unit that a field's name states."""

import re

SIZES_BYTES = {
    "b": 1.0,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "tb": 1e12,
    "kib": 2.0**10,
    "mib": 2.0**20,
    "gib": 2.0**30,
    "tib": 2.0**40,
}
_NAME_WORD = re.compile(r"[A-Za-z][a-z]*|[A-Z]+(?![a-z])")
_NAMED_DURATIONS_S = {
    "ns": 1e-9, "nanos": 1e-9, "nanoseconds": 1e-9,
    "us": 1e-6, "micros": 1e-6, "microseconds": 1e-6,
    "ms": 1e-3, "millis": 1e-3, "milliseconds": 1e-3,
    "s": 1.0, "secs": 1.0, "seconds": 1.0,
    "minutes": 60.0, "hours": 3600.0, "days": 86400.0,
}  # fmt: skip
_NAMED_SIZES_BYTES = {"bytes": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2.0**10, "mib": 2.0**20}
# The Elastic Common Schema fixes this one's unit without naming it.
_KNOWN_DURATIONS_S = {"event.duration": 1e-9}


def field_scale(name: str, *, size: bool) -> float | None:
    """Return how many seconds (bytes if `size`) one of the field's own unit is, or None if it names none.

    `duration_ms` and `durationMs` give 0.001, `size_bytes` gives 1.
    """
    if not size and name in _KNOWN_DURATIONS_S:
        return _KNOWN_DURATIONS_S[name]
    words = _NAME_WORD.findall(name)
    last = words[-1].lower() if words else ""
    return (_NAMED_SIZES_BYTES if size else _NAMED_DURATIONS_S).get(last)

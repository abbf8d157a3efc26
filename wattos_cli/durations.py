"""The one way in which durations are written, on command lines, in wattos.toml and in `--where`."""

import re

UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN_MS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_PART = re.compile(r"(\d+(?:\.\d+)?)([a-zµ]+)")


def duration_s(text: str) -> float:
    """Return the seconds in `500ms`, `30s`, `5m`, `2h`, `1d` or a sum like `1h30m`; ValueError otherwise."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"expected a duration like 500ms, 30s, 5m or 2h, got {text!r}")
    unknown = [unit for _, unit in parts if unit not in UNITS_S]
    if unknown:
        raise ValueError(f"{text!r} has the unknown unit {unknown[0]!r} (known: {', '.join(UNITS_S)})")
    return sum(float(number) * UNITS_S[unit] for number, unit in parts)


def duration_text(seconds: float) -> str:
    """Return `seconds`, at least 1 ms, in the largest unit that divides them, as in PromQL: 5400 is `90m`."""
    whole_ms = max(1, round(seconds * 1000))
    unit, size = next((unit, size) for unit, size in _WRITTEN_MS if whole_ms % size == 0)
    return f"{whole_ms // size}{unit}"

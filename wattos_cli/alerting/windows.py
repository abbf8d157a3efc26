"""Spans of time as PromQL writes them, divided by the scale of a rehearsal."""

from wattos_cli.durations import duration_s

_UNITS_MS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def scaled(span: str, time_scale: float = 1.0) -> str:
    """Return `span` divided by `time_scale`, at least 1 ms: `5m` by 60 is `5s`.

    A scale of 60 lets rules that need an hour fire within a minute: the same rules, rehearsed.
    """
    return promql_span(duration_s(span) / time_scale)


def promql_span(seconds: float) -> str:
    """Return `seconds` in the largest unit that divides them: 5400 is `90m`."""
    whole_ms = max(1, round(seconds * 1000))
    unit, size = next((unit, size) for unit, size in _UNITS_MS if whole_ms % size == 0)
    return f"{whole_ms // size}{unit}"

"""Spans of time as PromQL writes them, divided by the scale of a rehearsal."""

from wattos_cli.durations import duration_s, duration_text


def scaled(span: str, time_scale: float = 1.0) -> str:
    """Return `span` divided by `time_scale`, at least 1 ms: `5m` by 60 is `5s`.

    A scale of 60 lets rules that need an hour fire within a minute: the same rules, rehearsed.
    """
    return duration_text(duration_s(span) / time_scale)

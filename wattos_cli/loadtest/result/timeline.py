"""The course of a run: one row per interval, all names together."""

from collections.abc import Sequence
from typing import Any

from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.result.counted import Interval

_WHOLE_SHARE = 0.5


def timeline(intervals: Sequence[Interval]) -> list[dict[str, Any]]:
    """Return rates a second, users, and quantiles in ms (None without a sample) of each interval.

    An interval that was cut off soon after it began has no rate to speak of: when a run ends, all that was
    under way ends within a few hundredths of a second.
    """
    shortest_s = max((one.span_s for one in intervals), default=0.0) * _WHOLE_SHARE
    return [_row(one, shortest_s) for one in sorted(intervals, key=lambda one: one.at_s)]


def latency_of(interval: Interval) -> Histogram:
    """Return the latency of all requests of the interval."""
    together = Histogram()
    for counted in interval.requests.values():
        together.merge(counted.latency.histogram())
    return together


def _row(interval: Interval, shortest_s: float) -> dict[str, Any]:
    latency = latency_of(interval)
    span_s = interval.span_s if interval.span_s > 0 and interval.span_s >= shortest_s else None
    count = sum(counted.count for counted in interval.requests.values())
    failures = sum(counted.failures for counted in interval.requests.values())
    return {
        "at_s": interval.at_s,
        "span_s": interval.span_s,
        "users": interval.users,
        "rate": count / span_s if span_s else None,
        "failed": failures / span_s if span_s else None,
        "dropped": interval.dropped / span_s if span_s else None,
        "p50": latency.quantile(0.5),
        "p95": latency.quantile(0.95),
        "p99": latency.quantile(0.99),
    }

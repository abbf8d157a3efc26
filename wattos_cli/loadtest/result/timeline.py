"""The course of a run: one row per interval, all names together."""

from collections.abc import Sequence
from typing import Any

from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.result.counted import Interval


def timeline(intervals: Sequence[Interval]) -> list[dict[str, Any]]:
    """Return rates a second, users, and quantiles in ms (None without a sample) of each interval."""
    return [_row(interval) for interval in sorted(intervals, key=lambda one: one.at_s)]


def latency_of(interval: Interval) -> Histogram:
    """Return the latency of all requests of the interval."""
    together = Histogram()
    for counted in interval.requests.values():
        together.merge(counted.latency.histogram())
    return together


def _row(interval: Interval) -> dict[str, Any]:
    latency = latency_of(interval)
    # An interval that was cut off right after it began has no rate to speak of.
    span_s = interval.span_s if interval.span_s > 0 else None
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

"""A histogram drawn: a few dozen bars of equal width on a logarithmic axis."""

import math
from typing import Any

from wattos_cli.loadtest.measuring.histogram import GROWTH, ZERO, Histogram

_LEAST_BARS, _MOST_BARS = 8, 48


def bins(histogram: Histogram) -> dict[str, Any]:
    """Return `bars` of {from, to, count} without gaps, how many values are 0, and the quantiles, in ms.

    A bar is a whole number of buckets wide, so that none is higher than its neighbours for being wider.
    """
    buckets = {bucket: count for bucket, count in histogram.buckets.items() if bucket != ZERO and count}
    bars = []
    if buckets:
        least, most = min(buckets), max(buckets)
        width = max(1, math.ceil((most - least + 1) / _bars(histogram.count)))
        counts = [0] * ((most - least) // width + 1)
        for bucket, count in buckets.items():
            counts[(bucket - least) // width] += count
        bars = [
            {"from": _edge(least + place * width), "to": _edge(least + (place + 1) * width), "count": count}
            for place, count in enumerate(counts)
        ]
    return {
        "count": histogram.count,
        "zeros": histogram.buckets.get(ZERO, 0),
        "bars": bars,
        "p50": histogram.quantile(0.5),
        "p95": histogram.quantile(0.95),
        "p99": histogram.quantile(0.99),
        "max": histogram.most if histogram.count else None,
    }


def _bars(values: int) -> int:
    """Return into how many bars so many values are worth being divided."""
    return min(max(round(2 * math.sqrt(values)), _LEAST_BARS), _MOST_BARS)


def _edge(bucket: int) -> float:
    return math.exp(bucket * GROWTH)

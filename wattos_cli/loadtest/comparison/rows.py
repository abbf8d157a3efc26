"""Figures of two runs, each a row with a verdict."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from wattos_cli.loadtest.comparison import bootstrap
from wattos_cli.loadtest.comparison.bootstrap import Estimate
from wattos_cli.loadtest.comparison.counts import Counts, Floats, Histograms
from wattos_cli.loadtest.result.shape import REGRESSION, Compared

SMALLEST_EFFECT = 0.05
"""A change of a time or a rate by less than this share is none, however certain."""
SMALLEST_MS = 0.1
"""Nor is one of a time by less than this, which is what clocks and schedulers scatter by."""
SMALLEST_POINTS = 0.005
"""The same for the share of errors: half a percentage point."""
SHARES = {"p50": 0.5, "p95": 0.95}
"""The quantiles of a time that are compared."""
_Pair = Sequence[Estimate]


def times(
    metric: str, runs: Sequence[Histograms], drawn: Sequence[Floats], sure: float, lasting: float = 0.0
) -> Iterator[Compared]:
    """Yield the row of each quantile of a time, each with so much certainty; `lasting`: see `Estimate`."""
    upto = [np.cumsum(weights @ run.counts, axis=1) for run, weights in zip(runs, drawn, strict=True)]
    for told, share in SHARES.items():
        pair = [_quantile(run, counted, share, lasting) for run, counted in zip(runs, upto, strict=True)]
        yield _ratio(f"{metric} {told}", "ms", pair, sure)


def errors(runs: Sequence[Counts], drawn: Sequence[Floats], sure: float) -> Compared:
    """Return the row of the share of requests that failed."""
    pair = list(map(_error_share, runs, drawn))
    low, high = bootstrap.between(pair[0], pair[1], sure)
    verdict = _verdict(pair[1].value - pair[0].value, low, high, SMALLEST_POINTS)
    baseline, now = (round(each.value, 6) for each in pair)
    return Compared("errors", baseline, now, None, round(low, 6), round(high, 6), verdict, "share")


def rate(runs: Sequence[Counts], drawn: Sequence[Floats], sure: float) -> Compared:
    """Return the row of the requests a second, of which fewer are worse."""
    return _ratio("rps", "/s", list(map(_log_rate, runs, drawn)), sure, less_is_worse=True)


def no_sample(metric: str) -> Compared:
    """Return the row of a figure that one of the two runs lacks."""
    return Compared(metric, None, None, None, None, None, "no_sample")


def _quantile(histograms: Histograms, upto: Floats, share: float, lasting: float) -> Estimate:
    found = bootstrap.log_quantile(histograms.buckets, upto, share)
    return bootstrap.estimate(found, bootstrap.contributions(histograms, share, float(found[0])), lasting)


def _error_share(run: Counts, drawn: Floats) -> Estimate:
    found = (drawn @ run.failures) / (drawn @ run.requests)
    return bootstrap.estimate(found, run.failures - found[0] * run.requests)


def _log_rate(run: Counts, drawn: Floats) -> Estimate:
    found = np.log((drawn @ run.requests) / (drawn @ run.spans_s))
    return bootstrap.estimate(found, run.requests - np.exp(found[0]) * run.spans_s)


def _ratio(metric: str, unit: str, pair: _Pair, sure: float, *, less_is_worse: bool = False) -> Compared:
    """Return the row of a figure whose logarithm was estimated."""
    low, high = bootstrap.between(pair[0], pair[1], sure)
    change = pair[1].value - pair[0].value
    worse = (-change, -high, -low) if less_is_worse else (change, low, high)
    baseline, now = (float(f"{math.exp(each.value):.4g}") for each in pair)
    ratio, least, most = (round(math.exp(value), 4) for value in (change, low, high))
    smallest = max(SMALLEST_EFFECT, SMALLEST_MS / baseline) if unit == "ms" else SMALLEST_EFFECT
    verdict = _verdict(*worse, math.log1p(smallest))
    return Compared(metric, baseline, now, ratio, least, most, verdict, unit)


def _verdict(worse: float, low: float, high: float, smallest: float) -> str:
    """Return what a figure that got worse by `worse`, between `low` and `high`, means."""
    if low > 0 and worse >= smallest:
        return REGRESSION
    if high < 0 and worse <= -smallest:
        return "improvement"
    return "no_change" if high < smallest else "unclear"

"""One run against another, figure by figure, with a verdict each."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from wattos_cli.loadtest.comparison import bootstrap
from wattos_cli.loadtest.comparison.bootstrap import Estimate
from wattos_cli.loadtest.comparison.counts import Counts, Floats, Histograms, counts
from wattos_cli.loadtest.result.shape import REGRESSION, Compared, Comparison, Result

SMALLEST_EFFECT = 0.05
"""A change of a time or a rate by less than this share is none, however certain."""
SMALLEST_MS = 0.1
"""Nor is one of a time by less than this, which is what clocks and schedulers scatter by."""
SMALLEST_POINTS = 0.005
"""The same for the share of errors: half a percentage point."""
_SHARES = {"p50": 0.5, "p95": 0.95}
_FALSE_ALARMS = 0.04  # below the 5 % that are promised: a bootstrap of few seconds is a little too sure
_LEAST_CONFIDENCE = 0.95
_SEED = 5
_Pair = Sequence[Estimate]


def compare(baseline: Result, now: Result, name: str = "") -> Comparison:
    """Return how `now` compares with `baseline`, which is called `name`; the same for the same two results.

    Both must be comparable (`comparability.reasons_against`). All rows together raise a false alarm in 5 % of
    comparisons at most: the more rows, the surer each has to be.
    """
    rng = np.random.default_rng(_SEED)
    runs = (counts(baseline), counts(now))
    weights = [bootstrap.resamples(len(run.requests), rng) for run in runs]
    times = [metric for metric in runs[0].times if metric in runs[1].times]
    alarming = len(times) * len(_SHARES) + 2
    sure = max(_LEAST_CONFIDENCE, 1 - 2 * _FALSE_ALARMS / alarming)
    rows = [
        *(row for metric in times for row in _time_rows(metric, runs, weights, sure)),
        *(_no_sample(metric) for metric in sorted(runs[0].times.keys() ^ runs[1].times.keys())),
        _errors(list(map(_error_share, runs, weights)), sure),
        _rate(list(map(_log_rate, runs, weights)), sure),
    ]
    verdict = REGRESSION if any(row.verdict == REGRESSION for row in rows) else "no_regression"
    return Comparison(verdict, rows, name, round(sure, 4))


def _time_rows(
    metric: str, runs: Sequence[Counts], weights: Sequence[Floats], sure: float
) -> Iterator[Compared]:
    taken = [run.times[metric] for run in runs]
    upto = [np.cumsum(drawn @ one.counts, axis=1) for one, drawn in zip(taken, weights, strict=True)]
    for told, share in _SHARES.items():
        pair = [_quantile(one, counted, share) for one, counted in zip(taken, upto, strict=True)]
        yield _ratio(f"{metric} {told}", "ms", pair, sure)


def _quantile(histograms: Histograms, upto: Floats, share: float) -> Estimate:
    found = bootstrap.log_quantile(histograms.buckets, upto, share)
    return bootstrap.estimate(found, bootstrap.contributions(histograms, share, float(found[0])))


def _error_share(run: Counts, drawn: Floats) -> Estimate:
    found = (drawn @ run.failures) / (drawn @ run.requests)
    return bootstrap.estimate(found, run.failures - found[0] * run.requests)


def _log_rate(run: Counts, drawn: Floats) -> Estimate:
    found = np.log((drawn @ run.requests) / (drawn @ run.spans_s))
    return bootstrap.estimate(found, run.requests - np.exp(found[0]) * run.spans_s)


def _rate(pair: _Pair, sure: float) -> Compared:
    """Return the row of the requests a second, of which fewer are worse."""
    return _ratio("rps", "/s", pair, sure, less_is_worse=True)


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


def _errors(pair: _Pair, sure: float) -> Compared:
    low, high = bootstrap.between(pair[0], pair[1], sure)
    verdict = _verdict(pair[1].value - pair[0].value, low, high, SMALLEST_POINTS)
    baseline, now = (round(each.value, 6) for each in pair)
    return Compared("errors", baseline, now, None, round(low, 6), round(high, 6), verdict, "share")


def _no_sample(metric: str) -> Compared:
    return Compared(metric, None, None, None, None, None, "no_sample")


def _verdict(worse: float, low: float, high: float, smallest: float) -> str:
    """Return what a figure that got worse by `worse`, between `low` and `high`, means."""
    if low > 0 and worse >= smallest:
        return REGRESSION
    if high < 0 and worse <= -smallest:
        return "improvement"
    return "no_change" if high < smallest else "unclear"

"""Formulas over the buckets of one classic histogram: cumulative counts by rising upper bound."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from wattos_cli.metricstore.promql.arithmetic import INF, NAN, almost_equal, divide

Buckets = list[tuple[float, float]]
"""Upper bound and count of each bucket, by rising bound."""

_ROUNDING = 1e-12
"""Counts that differ by less, relatively, differ by rounding only."""

_ENOUGH = 2
"""Buckets needed to tell a quantile: one of a finite bound and that of +Inf."""


@dataclass(frozen=True)
class Repair:
    """Where counts fell from a bucket to the next, and by how much at most."""

    low_bucket: float
    high_bucket: float
    largest: float


def quantile(fraction: float, buckets: Buckets) -> tuple[float, Repair | None]:
    """Return the quantile, linear within its bucket, and what had to be mended in `buckets`.

    NaN without observations, without a bucket of +Inf, or with only one; in the last bucket it is that
    bucket's lower bound. The first bucket begins at 0 if its upper bound is positive.
    """
    if fraction != fraction:  # noqa: PLR0124 - the test for NaN
        return NAN, None
    if fraction < 0:
        return -INF, None
    if fraction > 1:
        return INF, None
    if buckets[-1][0] != INF:
        return NAN, None
    whole, repair = _rising(_coalesced(buckets))
    observations = whole[-1][1]
    if len(whole) < _ENOUGH or observations == 0 or math.isnan(observations):
        return NAN, repair
    return _interpolated(fraction * observations, whole), repair


def _interpolated(rank: float, buckets: Buckets) -> float:
    place = bisect_left(buckets, rank, hi=len(buckets) - 1, key=lambda bucket: bucket[1])
    if place == len(buckets) - 1:
        return buckets[-2][0]
    upper, count = buckets[place]
    if place == 0:
        return upper if upper <= 0 else upper * divide(rank, count)
    lower, below = buckets[place - 1]
    return lower + (upper - lower) * divide(rank - below, count - below)


def share(low: float, high: float, buckets: Buckets) -> float:
    """Return the share of the observations between `low` and `high`, linear within buckets."""
    if buckets[-1][0] != INF:
        return NAN
    whole = _coalesced(buckets)
    count = whole[-1][1]
    if count == 0 or math.isnan(low) or math.isnan(high):
        return NAN
    if low >= high:
        return 0.0
    return (_rank(high, whole) - _rank(low, whole)) / count


def _rank(value: float, buckets: Buckets) -> float:
    """Return how many observations are below `value`."""
    lower = 0.0 if buckets[0][0] > 0 else -INF
    rank = 0.0
    for upper, count in buckets:
        if lower >= value:
            return rank
        if upper > value:
            if lower == -INF:
                return count
            return rank + (count - rank) * (value - lower) / (upper - lower)
        lower, rank = upper, count
    return buckets[-1][1]


def _coalesced(buckets: Buckets) -> Buckets:
    """Return `buckets` with those of equal bounds added up."""
    if all(low[0] != high[0] for low, high in pairwise(buckets)):
        return buckets
    sums: dict[float, float] = {}
    for bound, count in buckets:
        sums[bound] = sums.get(bound, 0.0) + count
    return list(sums.items())


def _rising(buckets: Buckets) -> tuple[Buckets, Repair | None]:
    """Return `buckets` without falls of the count, and a remark unless those were rounding only."""
    risen: Buckets = [buckets[0]]
    fallen: list[tuple[float, float]] = []
    before = buckets[0][1]
    for bound, count in buckets[1:]:
        if almost_equal(before, count, _ROUNDING):
            risen.append((bound, before))
        elif count < before:
            fallen.append((bound, before - count))
            risen.append((bound, before))
        else:
            risen.append((bound, count))
            before = count
    if not fallen:
        return risen, None
    return risen, Repair(fallen[0][0], fallen[-1][0], max(fall for _, fall in fallen))

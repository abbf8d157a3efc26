"""Thresholds held against what was measured; without a sample a threshold fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from wattos_cli.loadtest.judging.thresholds import Threshold
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.measuring.requests import TIMES

_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Judged:
    """One threshold with what was measured (None: no sample)."""

    threshold: Threshold
    value: float | None
    ok: bool


def judge(thresholds: Sequence[Threshold], measured: Measured) -> list[Judged]:
    """Return each threshold's value and whether it holds."""
    judged = []
    for threshold in thresholds:
        value = value_of(threshold, measured)
        ok = value is not None and threshold.holds(value)
        judged.append(Judged(threshold, value, ok))
    return judged


def unknown_names(judged: Sequence[Judged], measured: Measured) -> list[str]:
    """Return, of each name in thresholds that no request has, that it is none, and which there are."""
    names = sorted(measured.total.requests)
    asked = dict.fromkeys(one.threshold.name for one in judged if one.threshold.name)
    left = len(names) - _MOST_NAMED
    known = ", ".join(names[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")
    return [
        f"no request is called {name!r}: there were {known}" for name in asked if names and name not in names
    ]


def objectives_ms(thresholds: Sequence[Threshold]) -> dict[str, float]:
    """Return the upper limit per time that each request must keep to be good: the strictest quantile's."""
    limits: dict[str, float] = {}
    for threshold in thresholds:
        if threshold.metric in TIMES and threshold.op in ("<", "<=") and threshold.aggregate != "count":
            limits[threshold.metric] = min(threshold.limit, limits.get(threshold.metric, threshold.limit))
    return limits


def value_of(threshold: Threshold, measured: Measured) -> float | None:
    """Return what was measured for the threshold, None where there is no sample."""
    requests = measured.of(threshold.name)
    if requests.count == 0 or measured.duration_s <= 0:
        return None
    if threshold.metric in TIMES:
        return _time(threshold, measured)
    if threshold.metric == "rps":
        return requests.count / measured.duration_s
    if threshold.metric == "usd":
        if not requests.usd_known:
            return None
        return requests.usd / (requests.usd_known if threshold.aggregate == "avg" else 1)
    counted = requests.failures if threshold.metric == "errors" else requests.good
    return counted / requests.count if threshold.aggregate == "rate" else float(counted)


def _time(threshold: Threshold, measured: Measured) -> float | None:
    histogram = measured.of(threshold.name).time(threshold.metric)
    if histogram.count == 0:
        return None
    if threshold.quantile is not None:
        return histogram.quantile(threshold.quantile)
    return {
        "min": histogram.least,
        "avg": histogram.mean(),
        "med": histogram.quantile(0.5),
        "max": histogram.most,
        "count": float(histogram.count),
    }[threshold.aggregate]

"""The part of a run that is compared: under full load, and with requests."""

from collections.abc import Sequence

from msgspec import UNSET

from wattos_cli.loadtest.result.counted import Interval
from wattos_cli.loadtest.result.shape import Result


def loaded(result: Result) -> list[Interval]:
    """Return the intervals with requests; not those in which users are being started, or end."""
    return [each for each in _under_full_load(result) if each.span_s > 0 and requests(each)]


def requests(interval: Interval) -> int:
    """Return how many requests ended in an interval."""
    return sum(counted.count for counted in interval.requests.values())


def _under_full_load(result: Result) -> Sequence[Interval]:
    """Return what lies between the first and the last interval with all users; all, if they come and go."""
    load, intervals = result.load, sorted(result.intervals, key=lambda each: each.at_s)
    if load is UNSET or load.model != "closed" or load.stages:
        return intervals
    most = max((each.users for each in intervals), default=0)
    full = [place for place, each in enumerate(intervals) if each.users == most]
    return intervals[full[0] : full[-1] + 1] if full else []

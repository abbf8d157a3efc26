"""Which names of requests are judged by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from wattos_cli.loadtest.comparison.comparability import LEAST_INTERVALS
from wattos_cli.loadtest.measuring.interval import OTHER_NAMES
from wattos_cli.loadtest.result.counted import Interval

LEAST_TIMES = 100
"""So many successful requests of a name each run needs: five of them lie beyond its p95."""


@dataclass(frozen=True)
class Names:
    """The names that are judged, and those that have too few requests for it in one of the runs."""

    judged: list[str]
    too_few: list[str]


def names_of(baseline: Sequence[Interval], now: Sequence[Interval]) -> Names:
    """Return the names in two runs; none where there is but one, which is all requests.

    What is counted together because there are too many names is another mixture in each run, and no name.
    """
    seen = [_enough(run) for run in (baseline, now)]
    names = sorted((seen[0].keys() | seen[1].keys()) - {OTHER_NAMES})
    if len(names) <= 1:
        return Names([], [])
    judged = [name for name in names if all(run.get(name) for run in seen)]
    return Names(judged, [name for name in names if name not in judged])


def _enough(run: Sequence[Interval]) -> dict[str, bool]:
    """Return of each name whether it has requests enough, and in intervals enough."""
    times: dict[str, int] = {}
    intervals: dict[str, int] = {}
    for interval in run:
        for name, counted in interval.requests.items():
            times[name] = times.get(name, 0) + counted.latency.count
            intervals[name] = intervals.get(name, 0) + (counted.latency.count > 0)
    return {
        name: count >= LEAST_TIMES and intervals[name] >= LEAST_INTERVALS for name, count in times.items()
    }

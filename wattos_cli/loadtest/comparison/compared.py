"""One run against another, figure by figure, with a verdict each: all requests together, and name by name."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from wattos_cli.loadtest.comparison import bootstrap, rows
from wattos_cli.loadtest.comparison.counts import Floats, counts, latencies
from wattos_cli.loadtest.comparison.loaded import loaded
from wattos_cli.loadtest.comparison.names import names_of
from wattos_cli.loadtest.result.counted import Interval
from wattos_cli.loadtest.result.shape import REGRESSION, Compared, Comparison, Result

_FALSE_ALARMS = 0.04  # below the 5 % that are promised: a bootstrap of few seconds is a little too sure
_OF_NAMES = 0.01  # of those, where names are judged: what decides most is all requests together
_LASTING = 0.7
"""A name has few requests a second; their scatter hides how long its seconds stay alike: so long at least."""
_RESAMPLES_OF_NAMES = 400
"""Enough to tell how far they scatter, which is what the ends of a name's range are made of."""
_LEAST_CONFIDENCE = 0.95
_SEED = 5
_Runs = Sequence[Sequence[Interval]]


def compare(baseline: Result, now: Result, name: str = "") -> Comparison:
    """Return how `now` compares with `baseline`, which is called `name`; the same for the same two results.

    Both must be comparable (`comparability.reasons_against`). All rows together, those of names too, raise a
    false alarm in 5 % of comparisons at most: the more rows, the surer each has to be.
    """
    rng = np.random.default_rng(_SEED)
    runs = [loaded(each) for each in (baseline, now)]
    drawn = [bootstrap.resamples(len(run), rng) for run in runs]
    names = names_of(*runs)
    together, sure = _together(runs, drawn, _FALSE_ALARMS - (_OF_NAMES if names.judged else 0))
    by_name, sure_by_name = _by_name(runs, drawn, names.judged)
    found = Comparison("no_regression", together, name, sure, by_name, sure_by_name, names.too_few)
    return replace(found, verdict=REGRESSION) if found.regressions else found


def _together(runs: _Runs, drawn: Sequence[Floats], alarms: float) -> tuple[list[Compared], float]:
    """Return the rows of all requests together, and how sure each is."""
    counted = [counts(run) for run in runs]
    before, after = (each.times for each in counted)
    times = [metric for metric in before if metric in after]
    sure = _sure(alarms, len(times) * len(rows.SHARES) + 2)
    found = [
        *(row for each in times for row in rows.times(each, [before[each], after[each]], drawn, sure)),
        *(rows.no_sample(metric) for metric in sorted(before.keys() ^ after.keys())),
        rows.errors(counted, drawn, sure),
        rows.rate(counted, drawn, sure),
    ]
    return found, sure


def _by_name(
    runs: _Runs, drawn: Sequence[Floats], names: Sequence[str]
) -> tuple[list[Compared], float | None]:
    """Return the rows of each name's latency, and how sure each is: None without names."""
    if not names:
        return [], None
    sure = _sure(_OF_NAMES, len(names) * len(rows.SHARES))
    fewer = [each[: _RESAMPLES_OF_NAMES + 1] for each in drawn]
    found: list[Compared] = []
    for name in names:
        told = rows.times("latency", [latencies(run, name) for run in runs], fewer, sure, _LASTING)
        found += [replace(row, name=name) for row in told]
    return found, sure


def _sure(alarms: float, count: int) -> float:
    """Return how sure each of so many rows has to be for a share `alarms` of false alarms (Bonferroni)."""
    return round(max(_LEAST_CONFIDENCE, 1 - 2 * alarms / count), 6)

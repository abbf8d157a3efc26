"""A run as arrays, one row per interval: what is resampled."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec import UnsetType

from wattos_cli.loadtest.comparison.loaded import requests
from wattos_cli.loadtest.measuring.requests import TIMES
from wattos_cli.loadtest.result.counted import Counted, Dumped, Interval

Floats = npt.NDArray[np.float32]
Buckets = npt.NDArray[np.int64]
# The bucket of a microsecond: what is faster is as good as it.
_FLOOR = -1385


@dataclass(frozen=True)
class Histograms:
    """Counts of one time: a row per interval, a column per bucket, buckets in rising order."""

    buckets: Buckets
    counts: Floats


@dataclass(frozen=True)
class Counts:
    """What was counted in each interval; `times` only of those that have samples."""

    spans_s: Floats
    requests: Floats
    failures: Floats
    times: Mapping[str, Histograms]


def counts(intervals: Sequence[Interval]) -> Counts:
    """Return what all names together came to, in the part of a run that is compared (`loaded`)."""
    times = {metric: _histograms(intervals, metric) for metric in TIMES}
    return Counts(
        np.array([each.span_s for each in intervals], np.float32),
        np.array([requests(each) for each in intervals], np.float32),
        np.array([_failures(each) for each in intervals], np.float32),
        {metric: found for metric, found in times.items() if len(found.buckets)},
    )


def latencies(intervals: Sequence[Interval], name: str) -> Histograms:
    """Return the latencies of one name."""
    return _histograms(intervals, "latency", name)


def _failures(interval: Interval) -> int:
    return sum(counted.failures for counted in interval.requests.values())


def _histograms(intervals: Sequence[Interval], metric: str, name: str | None = None) -> Histograms:
    rows: list[dict[int, int]] = []
    for interval in intervals:
        row: dict[int, int] = {}
        for counted in _counted(interval, name):
            dumped: Dumped | UnsetType = getattr(counted, metric)
            for bucket, count in (dumped.buckets if dumped else {}).items():
                place = max(int(bucket), _FLOOR)
                row[place] = row.get(place, 0) + count
        rows.append(row)
    buckets = sorted({bucket for row in rows for bucket, count in row.items() if count})
    column = {bucket: place for place, bucket in enumerate(buckets)}
    table = np.zeros((len(rows), len(buckets)), np.float32)
    for filled, row in zip(table, rows, strict=True):
        for place, count in row.items():
            if count:
                filled[column[place]] = count
    return Histograms(np.array(buckets, np.int64), table)


def _counted(interval: Interval, name: str | None) -> Iterator[Counted]:
    """Yield what was counted of a name, or of each."""
    if name is None:
        yield from interval.requests.values()
    elif name in interval.requests:
        yield interval.requests[name]

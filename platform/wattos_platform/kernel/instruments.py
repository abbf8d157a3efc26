"""Counters and histograms that are cheap to count with: prometheus_client's, without a lock for every number.

They belong to the thread of the event loop, which alone counts; any thread may read.
"""

from bisect import bisect_left
from collections.abc import Iterable

import prometheus_client
from prometheus_client.samples import Sample

from wattos_platform.kernel.telemetry import Tally


class Counter(prometheus_client.Counter):
    """A counter whose number is its `tally`'s until somebody reads it."""

    tally: Tally

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002 - inherited
        """Add `amount`; ValueError if it is negative."""
        if amount < 0:
            raise ValueError(f"{self._name} only grows, by {amount} it cannot")
        self.tally.count += amount

    def _metric_init(self) -> None:
        super()._metric_init()
        self.tally = Tally()

    def _child_samples(self) -> Iterable[Sample]:
        self._value.set(self.tally.count)
        return super()._child_samples()


class Histogram(prometheus_client.Histogram):
    """A histogram that counts in a list of its own until somebody reads it."""

    _counts: list[int]
    _total: float

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002 - inherited
        """Count one observation."""
        self._counts[bisect_left(self._upper_bounds, amount)] += 1
        self._total += amount

    def _metric_init(self) -> None:
        super()._metric_init()
        self._counts = [0] * len(self._upper_bounds)
        self._total = 0.0

    def _child_samples(self) -> Iterable[Sample]:
        for bucket, count in zip(self._buckets, self._counts, strict=True):
            bucket.set(count)
        self._sum.set(self._total)
        return super()._child_samples()

"""Counters, gauges and histograms that are cheap to count with: prometheus_client's, without locks.

They belong to the thread of the event loop, which alone counts; any thread may read.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable

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


class Gauge(prometheus_client.Gauge):
    """A gauge that keeps its number itself, or asks for it whenever somebody reads it."""

    _number: float
    _function: Callable[[], float] | None

    @property
    def number(self) -> float:
        """Return the number it shows now."""
        return self._number if self._function is None else self._function()

    def set(self, value: float) -> None:
        """Replace the number."""
        self._number = value

    def inc(self, amount: float = 1) -> None:
        """Add `amount`."""
        self._number += amount

    def dec(self, amount: float = 1) -> None:
        """Take `amount` away."""
        self._number -= amount

    def set_function(self, f: Callable[[], float]) -> None:
        """Show what `f` returns, which must not wait."""
        self._function = f

    def _metric_init(self) -> None:
        super()._metric_init()
        self._number = 0.0
        self._function = None

    def _child_samples(self) -> Iterable[Sample]:
        self._value.set(float(self.number))
        return super()._child_samples()


class Histogram(prometheus_client.Histogram):
    """A histogram that counts in a list of its own until somebody reads it."""

    _counts: list[int]
    _total: float

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002 - inherited
        """Count one observation."""
        self._counts[bisect_left(self._upper_bounds, amount)] += 1
        self._total += amount

    def snapshot(self) -> tuple[list[int], float]:
        """Return the observations in each bucket, not summed up, and the sum of what was observed."""
        return self._counts.copy(), self._total

    def _metric_init(self) -> None:
        super()._metric_init()
        self._counts = [0] * len(self._upper_bounds)
        self._total = 0.0

    def _child_samples(self) -> Iterable[Sample]:
        for bucket, count in zip(self._buckets, self._counts, strict=True):
            bucket.set(count)
        self._sum.set(self._total)
        return super()._child_samples()

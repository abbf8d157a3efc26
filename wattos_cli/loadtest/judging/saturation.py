"""Whether the generator measured its own slowness; one rule for every engine."""

from collections.abc import Sequence

from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured

BUSY_SHARE = 0.9
STILL_SHARE = 0.1
LATE_MS = 10.0
LATE_SHARE = 0.1
FEW = 10
"""So many late arrivals are a hiccup of the machine, and none of them is left out of the latencies."""
_LOADED_SHARE = 0.5
_WHOLE_SHARE = 0.5
_SHORTEST_S = 0.5
"""Load of less says nothing: one request takes a processor for all the time that it lasts."""


def reasons(measured: Measured, processes: int = 1) -> tuple[str, ...]:
    """Return why the figures of a run are the generator's own, nothing if they are the target's.

    Either it was busy or had no processor to be busy on, it stood still, or it began iterations late though
    a user was free to begin them: then more than `LATE_MS` and more than `LATE_SHARE` of the p95 it measured,
    for one in a hundred of them and for more than `FEW`.
    """
    told = []
    share = cpu_share(measured.intervals, processes)
    if share >= BUSY_SHARE:
        told.append(f"it was busy, or waited for a processor, for {share:.0%} of the time")
    alone = measured.ending is None or not measured.ending.workers  # what workers tell is joined, late or not
    if alone and measured.stood_still_s > STILL_SHARE * measured.duration_s:
        told.append(f"it stood still for {measured.stood_still_s:.0f} s: does its code block?")
    late_ms = _late_ms(measured.total.lateness)
    p95_ms = measured.of().time("latency").quantile(0.95) or 0.0
    if late_ms is not None and late_ms > max(LATE_MS, LATE_SHARE * p95_ms):
        told.append(f"it began iterations late though users were free ({late_ms:.0f} ms and more)")
    return tuple(told)


def _late_ms(lateness: Histogram) -> float | None:
    """Return the least by which the latest hundredth, and more than a few, began late; None of too few."""
    if lateness.count <= FEW:
        return None
    return lateness.quantile(min(0.99, 1 - (FEW + 1) / lateness.count))


def cpu_share(intervals: Sequence[Interval], processes: int = 1) -> float:
    """Return the share of the processors of `processes` that was used while there was load.

    Load are the intervals with at least half as many requests a second as the busiest: not the start-up, in
    which users come one by one, nor the clean-up. An interval that was cut off soon has no rate to speak of.
    """
    shortest_s = max((one.span_s for one in intervals), default=0.0) * _WHOLE_SHARE
    intervals = [one for one in intervals if one.span_s > 0 and one.span_s >= shortest_s]
    rates = [sum(requests.count for requests in one.requests.values()) / one.span_s for one in intervals]
    least = max(rates, default=0.0) * _LOADED_SHARE
    loaded = [one for one, rate in zip(intervals, rates, strict=True) if rate >= least and rate > 0]
    span_s = sum(one.span_s for one in loaded)
    return sum(one.cpu_s for one in loaded) / (span_s * processes) if span_s >= _SHORTEST_S else 0.0

"""Whether a run can still pass: if not, going on costs time and load and tells nothing new."""

from collections.abc import Sequence

from wattos_cli.loadtest.judging.judgement import value_of
from wattos_cli.loadtest.judging.thresholds import Threshold
from wattos_cli.loadtest.judging.verdict import DROPPED_MOST, Stopped
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.measuring.requests import TIMES
from wattos_cli.loadtest.plan import Arrivals, Plan

_FAILING_S = 10.0
_FAILING_LEAST = 10
_EARLIEST_S = 10.0
_LEAST_S = 0.5
_FASTER = 2.0
"""So many times the highest rate so far may come at most: it bounds what the rest can make good."""
_GROWING = frozenset({"max", "count", "sum"})


class EarlyAbort:
    """Looks at a run each time it has grown, and ends one that cannot pass any more.

    That is one in which every request fails for ten seconds; in which more arrivals were dropped than a pass
    allows of all that are to come; in which a figure that only grows (`max`, `count`, `sum`) is over its
    limit; or in which a share or a quantile is so far off that even twice the load, answered well for all the
    time that is left, could not bring it back. The last needs a load that stays as it is.
    """

    def __init__(self, plan: Plan, thresholds: Sequence[Threshold]) -> None:
        self._plan = plan
        self._thresholds = thresholds
        self._seen_s = 0.0
        self._peak: dict[str | None, float] = {}
        self._due = intended(plan.arrivals) if plan.arrivals else 0.0

    def __call__(self, measured: Measured) -> Stopped | None:
        """Return why the run cannot pass any more, None while it can."""
        if measured.total.span_s == self._seen_s:
            return None
        self._seen_s = measured.total.span_s
        self._look(measured.intervals[-1])
        since_s = failing_since_s(measured)
        if since_s is not None and self._seen_s - since_s >= _FAILING_S:
            return Stopped(f"stopped: every request failed for {self._seen_s - since_s:.0f} s", "fail")
        if self._plan.arrivals and measured.total.dropped > DROPPED_MOST * self._due:
            return Stopped(
                f"stopped after {self._seen_s:.0f} s: {measured.total.dropped} arrivals were dropped", "fail"
            )
        for threshold in self._thresholds:
            value = value_of(threshold, measured)
            if value is not None and (
                self._over(threshold, value) or self._out_of_reach(threshold, measured)
            ):
                return Stopped(
                    f"stopped after {self._seen_s:.0f} s: {threshold.expression} cannot hold any more"
                    f" (now {threshold.told(value)}; --no-abort goes on)",
                    "fail",
                )
        return None

    def _over(self, threshold: Threshold, value: float) -> bool:
        """Say whether a figure that only grows has crossed its limit, or one that only falls."""
        if threshold.aggregate in _GROWING:
            return (threshold.op == "<" and value >= threshold.limit) or (
                threshold.op in ("<=", "==") and value > threshold.limit
            )
        if threshold.aggregate == "min":
            return (threshold.op == ">" and value <= threshold.limit) or (
                threshold.op in (">=", "==") and value < threshold.limit
            )
        return False

    def _out_of_reach(self, threshold: Threshold, measured: Measured) -> bool:
        plan = self._plan
        if plan.stages or plan.arrivals or self._seen_s < _EARLIEST_S or threshold.op not in ("<", "<="):
            return False
        requests = measured.of(threshold.name)
        left_s = max(0.0, plan.duration_s - self._seen_s)
        to_come = _FASTER * left_s * self._peak.get(threshold.name, 0.0)
        if threshold.metric == "errors" and threshold.aggregate == "rate":
            return requests.failures > threshold.limit * (requests.count + to_come)
        if threshold.metric in TIMES and threshold.quantile is not None:
            times = requests.time(threshold.metric)
            good = to_come * times.count / requests.count
            # Where the quantile of all would lie among those so far, if all that come are below the limit.
            share = (threshold.quantile * (times.count + good) - good) / times.count
            return share > 0 and (times.quantile(share) or 0.0) > threshold.limit
        return False

    def _look(self, interval: Interval) -> None:
        """Keep the highest rate so far of what thresholds are about."""
        for name in {threshold.name for threshold in self._thresholds}:
            count = sum(one.count for one in interval.requests.values() if name in (None, one.name))
            self._peak[name] = max(self._peak.get(name, 0.0), count / max(interval.span_s, _LEAST_S))


def intended(arrivals: Arrivals) -> float:
    """Return how many arrivals there will be, on average if they are random."""
    count, level = 0.0, arrivals.start
    for stage in arrivals.stages:
        count, level = count + (level + stage.level) / 2 * stage.duration_s, stage.level
    return count


def failing_since_s(measured: Measured) -> float | None:
    """Return since when every request failed, None if the last ones did not or there are too few to tell."""
    failures, since_s = 0, None
    for interval in reversed(measured.intervals):
        count = sum(requests.count for requests in interval.requests.values())
        failed = sum(requests.failures for requests in interval.requests.values())
        if count > failed:
            break
        if count:
            since_s = interval.at_s
        failures += failed
    return since_s if failures >= _FAILING_LEAST else None

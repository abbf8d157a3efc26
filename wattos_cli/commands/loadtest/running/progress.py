"""A run under way as its watcher sees it: the last seconds, the whole, and how it went."""

from collections import deque
from collections.abc import Sequence

from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.measuring.requests import Requests
from wattos_cli.loadtest.plan import Plan
from wattos_cli.render.loadtest.live import Figures, View

RECENT_S = 5.0
_COURSE_KEPT = 600
_LEAST_S = 0.5
"""A last moment that is shorter has no rate to speak of."""


class Progress:
    """Takes interval after interval and returns views."""

    def __init__(self, title: str, plan: Plan) -> None:
        self._title = title
        self._plan = plan
        self._recent: deque[Interval] = deque()
        self._rates: deque[float] = deque(maxlen=_COURSE_KEPT)
        self._p95s: deque[float | None] = deque(maxlen=_COURSE_KEPT)
        self._newest_error = ""

    def add(self, interval: Interval) -> None:
        """Take what was counted next."""
        self._recent.append(interval)
        since_s = interval.at_s + interval.span_s - RECENT_S - interval.span_s / 2
        while len(self._recent) > 1 and self._recent[0].at_s < since_s:
            self._recent.popleft()
        requests = interval.of()
        if interval.span_s >= _LEAST_S:
            self._rates.append(requests.count / interval.span_s)
            self._p95s.append(requests.time("latency").quantile(0.95))
        if interval.errors:
            self._newest_error = next(reversed(interval.errors))

    def view(
        self,
        passed_s: float,
        measured: Measured,
        breakers: Sequence[tuple[str, str]] | None = None,
        notes: Sequence[str] = (),
    ) -> View:
        """Return the run as it is now."""
        recent = Requests("")
        span_s = 0.0
        for interval in self._recent:
            recent.add(interval.of())
            span_s += interval.span_s
        whole_s = measured.duration_s
        return View(
            title=self._title,
            passed_s=passed_s,
            duration_s=self._plan.duration_s,
            users=measured.total.users,
            most_users=self._plan.users,
            recent_s=span_s,
            recent=_figures(recent, span_s),
            overall=_figures(measured.of(), whole_s),
            by_name=[
                (name, _figures(requests, whole_s)) for name, requests in measured.total.requests.items()
            ],
            rates=list(self._rates),
            p95s=list(self._p95s),
            due=measured.total.due,
            dropped=measured.total.dropped,
            newest_error=self._newest_error,
            breakers=breakers,
            notes=notes,
        )


def _figures(requests: Requests, span_s: float) -> Figures:
    latency = requests.time("latency")
    return Figures(
        rate=requests.count / span_s if span_s > 0 else 0.0,
        count=requests.count,
        failures=requests.failures,
        p50=latency.quantile(0.5),
        p95=latency.quantile(0.95),
        p99=latency.quantile(0.99),
    )

"""Counts what an engine observed, whichever engine it is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattos_cli.loadtest.measuring.interval import NAMES_LIMIT, OTHER_NAMES, Interval, Slow
from wattos_cli.loadtest.measuring.requests import Requests

_ERROR_CHARACTERS = 300
_NAME_CHARACTERS = 200
_MS = 1000.0


@dataclass(slots=True)  # not frozen: one is made for each request, and that would cost as much as counting it
class Observed:
    """One request that ended. `status` 0: no HTTP answer; `error` "": it succeeded; times in ms.

    `latency_ms` is None where nobody measured it: such a request counts, and has no time. `ttft_ms` and
    `itl_ms` are of a stream that brought `tokens`; `usd` is None where nobody named the cost.
    """

    name: str
    began_s: float
    latency_ms: float | None
    status: int
    error: str = ""
    ttft_ms: float | None = None
    itl_ms: Sequence[float] = ()
    tokens: int = 0
    usd: float | None = None
    trace_id: str = ""


class Collector:
    """Fills interval after interval; requests that keep `objectives_ms` (latency, ttft, itl) are good."""

    def __init__(self, objectives_ms: Mapping[str, float], began_s: float) -> None:
        self._latency_limit_ms = objectives_ms.get("latency", math.inf)
        self._stream_limits = {name: limit for name, limit in objectives_ms.items() if name != "latency"}
        self.began_s = began_s
        self.current = Interval(0.0, 0.0)
        self._names: set[str] = set()

    def record(self, seen: Observed) -> None:
        """Count one request, successful or not."""
        current = self.current
        requests = current.requests.get(seen.name)
        if requests is None:
            requests = self._named(seen.name)
        requests.count += 1
        status = str(seen.status)
        requests.statuses[status] = requests.statuses.get(status, 0) + 1
        if seen.usd is not None:
            requests.usd += seen.usd
            requests.usd_known += 1
        if seen.latency_ms is not None and current.is_slow(seen.latency_ms):
            current.note_slow(
                Slow(seen.latency_ms, seen.began_s - self.began_s, requests.name, seen.status, seen.trace_id)
            )
        if seen.error:
            requests.failures += 1
            requests.unanswered += seen.status == 0
            current.note_error(f"{requests.name}: {seen.error}"[:_ERROR_CHARACTERS])
            return
        self._times(requests, seen)

    def _named(self, name: str) -> Requests:
        """Return the requests of a name that is new in this interval; names of the run are limited."""
        name = name[:_NAME_CHARACTERS]
        if name not in self._names:
            if len(self._names) >= NAMES_LIMIT:
                name = OTHER_NAMES
            self._names.add(name)
        return self.current.named(name)

    def _times(self, requests: Requests, seen: Observed) -> None:
        good = True
        if seen.latency_ms is not None:
            requests.time("latency").add(seen.latency_ms)
            good = seen.latency_ms < self._latency_limit_ms
        if seen.ttft_ms is not None:
            requests.time("ttft").add(seen.ttft_ms)
            gaps = requests.time("itl")
            for gap_ms in seen.itl_ms:
                gaps.add(gap_ms)
            times = {"ttft": (seen.ttft_ms,), "itl": seen.itl_ms}
            good = good and all(
                value < limit for metric, limit in self._stream_limits.items() for value in times[metric]
            )
        if seen.tokens:
            requests.tokens += seen.tokens
            if seen.latency_ms:
                requests.pace.add(seen.tokens * _MS / seen.latency_ms)
        requests.good += good

    def take(self, now_s: float, users: int, cpu_s: float) -> Interval:
        """Return the interval that ends now and begin the next."""
        done = self.current
        done.span_s = now_s - self.began_s - done.at_s
        done.users, done.cpu_s = users, cpu_s
        self.current = Interval(now_s - self.began_s, 0.0)
        return done

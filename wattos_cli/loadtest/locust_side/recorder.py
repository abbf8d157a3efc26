"""Counts what the users of one Locust process do."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wattos_cli.loadtest.driving.evidence import error_line
from wattos_cli.loadtest.locust_side.arrival_queue import ArrivalQueue
from wattos_cli.loadtest.measuring.collector import Collector, Observed
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.processor import wanted_s

_MS = 1000.0
_AT_ONCE = 256
"""So many requests are counted one after the other: each takes a fraction of the time that it does alone."""

Listener = Callable[[str, str, Any, int, Any], None]
"""Is told kind, name, response time, response length and exception of a request."""


class _Told(NamedTuple):
    kind: str
    name: str
    response_time: Any
    response_length: int
    exception: Any
    status: int
    context: Mapping[str, Any] | None
    owed_ms: float
    at_s: float


class Recorder:
    """Listens to Locust's `request` event.

    A request may carry `ttft_ms`, `itl_ms` (a list), `tokens`, `usd` and `trace_id` in its Locust context.
    In the open model users come through its `arrival_queue`. `statistics` is Locust's own listener, which is
    told in the same handfuls: that saves what counting here takes. `monotonic` and `cpu` tell the time and
    this process's processor time, in seconds.
    """

    def __init__(
        self,
        objectives_ms: Mapping[str, float],
        statistics: Listener = lambda *_seen: None,
        monotonic: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = wanted_s,
    ) -> None:
        self._monotonic = monotonic
        self._cpu = cpu
        self._statistics = statistics
        self.arrival_queue: ArrivalQueue | None = None
        self.begin(objectives_ms)

    def begin(self, objectives_ms: Mapping[str, float]) -> None:
        """Forget what was counted and begin anew; requests that keep these limits are good."""
        self._objectives_ms = objectives_ms
        self._told: list[_Told] = []
        self._collector = Collector(objectives_ms, self._monotonic())
        self._cpu_s = self._cpu()

    def restart(self) -> None:
        """Begin anew, with what was counted before as if it had happened now."""
        before = self.take(0)
        before.cpu_s = 0.0
        self.begin(self._objectives_ms)
        self._collector.current.count(before)

    @property
    def passed_s(self) -> float:
        """Return how long ago it began, in seconds."""
        return self._monotonic() - self._collector.began_s

    def record(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        *,
        exception: Any = None,
        context: Mapping[str, Any] | None = None,
        response: Any = None,
        response_length: int = 0,
        **_others: Any,
    ) -> None:
        """Count one request, successful or not; `response_time` in ms.

        The first of an iteration counts from when that was due.
        """
        owed_ms = self.arrival_queue.owed_ms() if self.arrival_queue else 0.0
        status = getattr(response, "status_code", 0) or 0
        self._told.append(
            _Told(
                request_type,
                name,
                response_time,
                response_length,
                exception,
                status,
                context,
                owed_ms,
                self._monotonic(),
            )
        )
        if len(self._told) >= _AT_ONCE:
            self.count()

    def fail(self, user_instance: Any, exception: Any, tb: Any, **_others: Any) -> None:
        """Count what a user's own code raised, as a request that failed; without a traceback only tell it."""
        user = type(getattr(user_instance, "user", user_instance)).__name__
        if tb is None:
            self._collector.current.note_error(f"{user}: {error_line(exception)}")
        else:
            self._collector.record(
                Observed(f"TASK {user}", self._monotonic(), None, 0, error_line(exception))
            )

    def count(self, **_given: Any) -> None:
        """Count what was told until now."""
        told, self._told = self._told, []
        for one in told:
            latency_ms = _sum(one.response_time, one.owed_ms)
            began_s = one.at_s - (latency_ms or 0.0) / _MS
            error = "" if one.exception is None else _text(one.exception)
            seen = Observed(f"{one.kind} {one.name}", began_s, latency_ms, one.status, error)
            if one.context:
                _complete(seen, one.context, one.owed_ms)
            self._collector.record(seen)
        for one in told:
            self._statistics(*one[:5])

    def take(self, users: int) -> Interval:
        """Return what was counted since the last call, and count on."""
        self.count()
        cpu_s = self._cpu()
        taken = self._collector.take(self._monotonic(), users, cpu_s - self._cpu_s)
        self._cpu_s = cpu_s
        if self.arrival_queue:
            self.arrival_queue.settle(taken)
        return taken


def _text(exception: Any) -> str:
    """Return an error in one line: its text, or its kind if it has none."""
    return " ".join(str(exception).split()) or type(exception).__name__


def _complete(seen: Observed, context: Mapping[str, Any], owed_ms: float) -> None:
    """Add what the Locust context of a request says of it."""
    ttft_ms = context.get("ttft_ms")
    seen.ttft_ms = None if ttft_ms is None else ttft_ms + owed_ms
    seen.itl_ms = context.get("itl_ms") or ()
    seen.tokens = context.get("tokens", 0)
    seen.usd = context.get("usd")
    seen.trace_id = context.get("trace_id", "")


def _sum(given: Any, owed_ms: float) -> float | None:
    """Return a response time if it is one: others may say anything, and None is one nobody measured."""
    if isinstance(given, (int, float)) and 0 <= given < math.inf:
        return float(given) + owed_ms
    return None

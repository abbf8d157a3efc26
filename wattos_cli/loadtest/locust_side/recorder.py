"""Counts what the users of one Locust process do."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from wattos_cli.loadtest.collector import Collector, Observed
from wattos_cli.loadtest.interval import Interval
from wattos_cli.loadtest.locust_side.turnstile import Turnstile
from wattos_cli.loadtest.processor import wanted_s

_MS = 1000.0


class Recorder:
    """Listens to Locust's `request` event.

    A request may carry `ttft_ms`, `itl_ms` (a list), `tokens`, `usd` and `trace_id` in its Locust context.
    In the open model users come through its `turnstile`. `monotonic` and `cpu` tell the time and this
    process's processor time, in seconds.
    """

    def __init__(
        self,
        objectives_ms: Mapping[str, float],
        monotonic: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = wanted_s,
    ) -> None:
        self._monotonic = monotonic
        self._cpu = cpu
        self.turnstile: Turnstile | None = None
        self.begin(objectives_ms)

    def begin(self, objectives_ms: Mapping[str, float]) -> None:
        """Forget what was counted and begin anew; requests that keep these limits are good."""
        self._objectives_ms = objectives_ms
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
        **_others: Any,
    ) -> None:
        """Count one request, successful or not; `response_time` in ms.

        The first of an iteration counts from when that was due.
        """
        given = context or {}
        owed_ms = self.turnstile.owed_ms() if self.turnstile else 0.0
        latency_ms, ttft_ms = _sum(response_time, owed_ms), given.get("ttft_ms")
        self._collector.record(
            Observed(
                name=f"{request_type} {name}",
                began_s=self._monotonic() - (latency_ms or 0.0) / _MS,
                latency_ms=latency_ms,
                status=getattr(response, "status_code", 0) or 0,
                error="" if exception is None else told(exception),
                ttft_ms=None if ttft_ms is None else ttft_ms + owed_ms,
                itl_ms=given.get("itl_ms") or (),
                tokens=given.get("tokens", 0),
                usd=given.get("usd"),
                trace_id=given.get("trace_id", ""),
            )
        )

    def fail(self, user_instance: Any, exception: Any, tb: Any, **_others: Any) -> None:
        """Count what a user's own code raised, as a request that failed; without a traceback only tell it."""
        user = type(getattr(user_instance, "user", user_instance)).__name__
        error = told(exception)
        if tb is None:
            self._collector.current.note_error(f"{user}: {error}")
        else:
            self._collector.record(Observed(f"TASK {user}", self._monotonic(), None, 0, error))

    def take(self, users: int) -> Interval:
        """Return what was counted since the last call, and count on."""
        cpu_s = self._cpu()
        taken = self._collector.take(self._monotonic(), users, cpu_s - self._cpu_s)
        self._cpu_s = cpu_s
        if self.turnstile:
            self.turnstile.settle(taken)
        return taken


def told(exception: Any) -> str:
    """Return an error in one line: its text, or its kind if it has none."""
    return " ".join(str(exception).split()) or type(exception).__name__


def _sum(given: Any, owed_ms: float) -> float | None:
    """Return a response time if it is one: others may say anything, and None is one nobody measured."""
    if isinstance(given, (int, float)) and 0 <= given < math.inf:
        return float(given) + owed_ms
    return None

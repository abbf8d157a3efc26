"""Counts what the users of one Locust process do."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from wattos_cli.loadtest.collector import Collector, Observed
from wattos_cli.loadtest.interval import Interval

_MS = 1000.0


class Recorder:
    """Listens to Locust's `request` event.

    A request may carry `ttft_ms`, `itl_ms` (a list), `tokens`, `usd` and `trace_id` in its Locust context.
    `monotonic` and `cpu` tell the time and this process's processor time, in seconds.
    """

    def __init__(
        self,
        objectives_ms: Mapping[str, float],
        monotonic: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._monotonic = monotonic
        self._cpu = cpu
        self.begin(objectives_ms)

    def begin(self, objectives_ms: Mapping[str, float]) -> None:
        """Forget what was counted and begin anew; requests that keep these limits are good."""
        self._collector = Collector(objectives_ms, self._monotonic())
        self._cpu_s = self._cpu()

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
        """Count one request, successful or not; `response_time` in ms."""
        given = context or {}
        latency_ms = _milliseconds(response_time)
        self._collector.record(
            Observed(
                name=f"{request_type} {name}",
                began_s=self._monotonic() - (latency_ms or 0.0) / _MS,
                latency_ms=latency_ms,
                status=getattr(response, "status_code", 0) or 0,
                error="" if exception is None else str(exception) or type(exception).__name__,
                ttft_ms=given.get("ttft_ms"),
                itl_ms=given.get("itl_ms") or (),
                tokens=given.get("tokens", 0),
                usd=given.get("usd"),
                trace_id=given.get("trace_id", ""),
            )
        )

    def take(self, users: int) -> Interval:
        """Return what was counted since the last call, and count on."""
        cpu_s = self._cpu()
        taken = self._collector.take(self._monotonic(), users, cpu_s - self._cpu_s)
        self._cpu_s = cpu_s
        return taken


def _milliseconds(given: Any) -> float | None:
    """Return a response time if it is one: others may say anything, and None is one nobody measured."""
    if isinstance(given, (int, float)) and 0 <= given < math.inf:
        return float(given)
    return None

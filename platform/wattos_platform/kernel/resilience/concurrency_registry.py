"""All concurrency limits of a process, and what the metrics endpoint shows of them."""

import time
from collections.abc import Callable

from wattos_platform.kernel.resilience.concurrency import ConcurrencyLimit
from wattos_platform.kernel.resilience.gradient import GradientSettings
from wattos_platform.kernel.telemetry import Meter, NullMeter


class ConcurrencyLimits:
    """Makes and keeps the limit of each upstream, by the name its breaker has too: `hop:rag`, `llm:openai`.

    Names come from the code and from configuration, so their number is bounded. Limits and counts are handed
    to the meter by `publish`, which the metrics endpoint calls before each exposition.
    """

    def __init__(
        self,
        settings: GradientSettings | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
        meter: Meter | None = None,
    ) -> None:
        self._settings = settings or GradientSettings()
        self._monotonic = monotonic
        self._epoch = clock() - monotonic()
        self._meter = meter or NullMeter()
        self._limits: dict[str, ConcurrencyLimit] = {}
        self._shed_told: dict[str, int] = {}

    def get(self, target: str, *, maximum: int | None = None) -> ConcurrencyLimit:
        """Return the limit of `target`, made at the first call; `maximum` in place of the settings'."""
        limit = self._limits.get(target)
        if limit is None:
            waits = self._meter.histogram("concurrency_wait_seconds", target=target)
            limit = self._limits[target] = ConcurrencyLimit(
                target,
                self._settings if maximum is None else self._settings.up_to(maximum),
                self._monotonic,
                epoch=self._epoch,
                on_wait=waits.observe,
            )
        return limit

    def publish(self) -> None:
        """Set the gauges and hand over the counts since the last call."""
        for target, limit in self._limits.items():
            self._meter.gauge("concurrency_limit", target=target).set(limit.limit)
            self._meter.gauge("concurrency_in_flight", target=target).set(limit.in_flight)
            self._meter.gauge("concurrency_open", target=target).set(limit.open)
            told = self._shed_told.get(target, 0)
            self._meter.counter("shed_total", target=target).inc(limit.shed - told)
            self._shed_told[target] = limit.shed

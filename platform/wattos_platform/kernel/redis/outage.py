"""What is told of a Redis that does not serve: every operation counted, every outage logged once."""

from collections.abc import Callable
from math import inf

from wattos_platform.kernel.telemetry import Log, Meter

QUIET_S = 60.0


class Outage:
    """Counts `degraded_total{dependency="redis"}` and warns, of each thing at most once a minute."""

    def __init__(self, meter: Meter, log: Log, monotonic: Callable[[], float]) -> None:
        self._degraded = meter.counter("degraded_total", dependency="redis")
        self._log = log
        self._monotonic = monotonic
        self._is_told = False
        self._lost_at = self._refused_at = -inf

    def count(self) -> None:
        """Count one operation that was done without Redis."""
        self._degraded.inc()

    def lost(self, reason: str) -> None:
        """Warn that Redis does not answer."""
        now = self._monotonic()
        if self._is_told or now - self._lost_at < QUIET_S:
            return
        self._is_told, self._lost_at = True, now
        self._log.warning(
            "redis.lost",
            message=f"Redis does not answer: {reason}. Limits and caches go on in this process alone.",
            reason=reason,
        )

    def refused(self, reason: str) -> None:
        """Warn that Redis answers, but does not do what it is told: memory full, read-only, no permission."""
        now = self._monotonic()
        if now - self._refused_at >= QUIET_S:
            self._refused_at = now
            self._log.warning("redis.refused", message=f"Redis refuses: {reason}", reason=reason)

    def over(self) -> None:
        """Note that Redis answers."""
        if self._is_told:
            self._is_told = False
            self._log.info("redis.recovered", message="Redis answers again.")

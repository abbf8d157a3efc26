"""Rate limits in this process's memory: all buckets of a request decided together."""

from collections.abc import Callable, Sequence

from wattos_platform.services.gateway.domain.limits import Draw, Outcome

MAX_BUCKETS = 50_000
_ROUNDING_S = 1e-6


class MemoryRateLimiter:
    """Implements the port RateLimiter as GCRA: one number per bucket, exact bursts, no timers.

    The number is the theoretical arrival time (ITU-T I.371). At most 50 000 buckets are kept: full ones go
    first, since a full bucket and no bucket are the same; then the oldest.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._arrivals: dict[str, float] = {}

    async def take(self, draws: Sequence[Draw]) -> Outcome:
        """Take one from each bucket, or from none when one of them is empty."""
        now = self._monotonic()
        arrivals = self._arrivals
        taken: list[float] = []
        tightest: Outcome | None = None
        for draw in draws:
            rate = draw.rate
            interval_s = rate.period_s / rate.count
            arrival = max(arrivals.get(draw.key, now), now) + interval_s
            slack_s = now + rate.period_s - arrival
            if slack_s < -_ROUNDING_S:
                return Outcome(False, draw, 0, -slack_s, arrival - interval_s - now)
            taken.append(arrival)
            remaining = int(slack_s / interval_s + _ROUNDING_S)
            if tightest is None or remaining < tightest.remaining:
                tightest = Outcome(True, draw, remaining, 0.0, arrival - now)
        for draw, arrival in zip(draws, taken, strict=True):
            arrivals[draw.key] = arrival
        if len(arrivals) > MAX_BUCKETS:
            self._shrink(now)
        assert tightest is not None  # noqa: S101 - a request without any limit is a bug
        return tightest

    def _shrink(self, now: float) -> None:
        self._arrivals = {key: arrival for key, arrival in self._arrivals.items() if arrival > now}
        while len(self._arrivals) > MAX_BUCKETS // 2:
            del self._arrivals[next(iter(self._arrivals))]

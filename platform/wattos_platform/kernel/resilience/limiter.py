"""Rate limits of one process, in memory."""

from collections.abc import Callable, Sequence

from wattos_platform.kernel.resilience.rate_limits import (
    NS_PER_S,
    Decision,
    DecisionCounter,
    Limit,
    RateLimiter,
    Want,
    decide,
    judge,
)
from wattos_platform.kernel.telemetry import Meter, Tally

__all__ = ["Decision", "Limit", "Limiter", "RateLimiter", "Want"]

MAX_KEYS = 100_000


class _Buckets:
    """The keys of one limit: arrival times in the order of use, and how many wants were granted."""

    __slots__ = ("allowed", "arrivals")

    def __init__(self, allowed: Tally) -> None:
        self.arrivals: dict[str, int] = {}
        self.allowed = allowed


class Limiter:
    """A RateLimiter in memory, for one process. Beyond `cap` keys of a limit, the one unused longest goes.

    `clock` gives monotonic seconds.
    """

    __slots__ = ("_buckets", "_cap", "_clock", "_counted")

    def __init__(
        self, clock: Callable[[], float], *, meter: Meter | None = None, cap: int = MAX_KEYS
    ) -> None:
        self._clock = clock
        self._counted = DecisionCounter(meter)
        self._cap = cap
        self._buckets: dict[str, _Buckets] = {}

    def take(self, key: str, limit: Limit, cost: int = 1) -> Decision:
        """Take `cost` units for `key` if it has them; otherwise take nothing and say when it will."""
        # The usual case, one limit that has room, written out: each call and look-up less is a tenth.
        now = int(self._clock() * NS_PER_S)
        buckets = self._buckets.get(limit.name) or self._of(limit)
        arrivals = buckets.arrivals
        arrival = arrivals.get(key, 0)
        interval = limit.interval_ns
        backlog = cost * interval
        if arrival > now:
            backlog += arrival - now
        room = limit.depth_ns - backlog
        if room < 0:
            return self.take_all((Want(key, limit, cost),))
        if arrival:
            # Put back at the end: the dictionary's order is the order of use.
            del arrivals[key]
        elif len(arrivals) >= self._cap:
            del arrivals[next(iter(arrivals))]
        arrivals[key] = now + backlog
        buckets.allowed.count += 1
        return Decision(True, room // interval, 0.0, backlog / NS_PER_S, limit)

    def take_all(self, wants: Sequence[Want]) -> Decision:
        """Take what every want asks for, or nothing if one is refused; return the tightest decision."""
        if not wants:
            raise ValueError("a decision needs at least one limit")
        now = int(self._clock() * NS_PER_S)
        granted_at_once = self._grant(wants, now)
        return granted_at_once if granted_at_once is not None else self._weigh(wants, now)

    def _grant(self, wants: Sequence[Want], now: int) -> Decision | None:
        """Take everything and return the tightest decision; None, and nothing taken, if it needs weighing.

        The usual case, several limits that all have room, at a third of the cost of `_weigh`.
        """
        pending: dict[tuple[str, str], tuple[_Buckets, int]] = {}
        tightest: tuple[int, int, Limit] | None = None
        for key, limit, cost in wants:
            name = (limit.name, key)
            buckets = self._buckets.get(limit.name) or self._of(limit)
            full_at = max(now, buckets.arrivals.get(key, 0)) + cost * limit.interval_ns
            room = limit.depth_ns - (full_at - now)
            if room < 0 or limit.shadow or name in pending:
                return None
            pending[name] = buckets, full_at
            remaining = room // limit.interval_ns
            if tightest is None or remaining < tightest[0]:
                tightest = (remaining, full_at, limit)
        for (_, key), (buckets, full_at) in pending.items():
            self._store(buckets, key, full_at)
            buckets.allowed.count += 1
        assert tightest is not None  # noqa: S101 - narrows the type; there is at least one want
        remaining, full_at, limit = tightest
        return Decision(True, remaining, 0.0, (full_at - now) / NS_PER_S, limit)

    def _weigh(self, wants: Sequence[Want], now: int) -> Decision:
        pending: dict[tuple[str, str], tuple[_Buckets, int]] = {}
        decisions = []
        for want in wants:
            key, limit, cost = want
            name, buckets = (limit.name, key), self._of(limit)
            # What the same request has taken of the same bucket counts already.
            _, backlog = pending.get(name) or (buckets, max(0, buckets.arrivals.get(key, 0) - now))
            decision = decide(want, backlog)
            decisions.append(decision)
            if decision.allowed:
                pending[name] = buckets, backlog + cost * limit.interval_ns
        told = judge(decisions)
        if told.allowed:
            for (_, key), (buckets, backlog) in pending.items():
                self._store(buckets, key, now + backlog)
        self._counted.count(decisions)
        return told

    def refund(self, want: Want, used: int = 0) -> None:
        """Replace what `want` took by `used` units: real token usage, or 0 for a cancelled request."""
        key, limit, cost = want
        now = int(self._clock() * NS_PER_S)
        buckets = self._of(limit)
        arrival = max(now, buckets.arrivals.get(key, 0))
        self._store(buckets, key, arrival + (used - cost) * limit.interval_ns)

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take as `take_all` does."""
        return self.take_all(wants)

    async def settle(self, want: Want, used: int) -> None:
        """Settle as `refund` does."""
        self.refund(want, used)

    def _of(self, limit: Limit) -> _Buckets:
        buckets = self._buckets.get(limit.name)
        if buckets is None:
            buckets = self._buckets[limit.name] = _Buckets(self._counted.of_allowed(limit.name))
        return buckets

    def _store(self, buckets: _Buckets, key: str, arrival: int) -> None:
        arrivals = buckets.arrivals
        # Put back at the end: the dictionary's order is the order of use.
        arrivals.pop(key, None)
        arrivals[key] = arrival
        if len(arrivals) > self._cap:
            del arrivals[next(iter(arrivals))]

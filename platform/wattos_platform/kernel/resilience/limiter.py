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
        tightest, least, its_backlog = wants[0].limit, -1, 0
        for number, want in enumerate(wants):
            key, limit = want.key, want.limit
            buckets = self._buckets.get(limit.name) or self._of(limit)
            arrivals, interval = buckets.arrivals, limit.interval_ns
            backlog = want.cost * interval
            arrival = arrivals.get(key, 0)
            if arrival > now:
                backlog += arrival - now
            room = limit.depth_ns - backlog
            if room < 0 or limit.shadow:
                self._give_back(wants[:number])
                return None
            if arrival:
                # Put back at the end: the dictionary's order is the order of use.
                del arrivals[key]
            elif len(arrivals) >= self._cap:
                del arrivals[next(iter(arrivals))]
            arrivals[key] = now + backlog
            buckets.allowed.count += 1
            remaining = room // interval
            if least < 0 or remaining < least:
                tightest, least, its_backlog = limit, remaining, backlog
        return Decision(True, least, 0.0, its_backlog / NS_PER_S, tightest)

    def _give_back(self, wants: Sequence[Want]) -> None:
        """Undo what was granted at this very moment."""
        for want in wants:
            buckets = self._buckets[want.limit.name]
            buckets.arrivals[want.key] -= want.cost * want.limit.interval_ns
            buckets.allowed.count -= 1

    def _weigh(self, wants: Sequence[Want], now: int) -> Decision:
        pending: dict[tuple[str, str], tuple[_Buckets, int]] = {}
        decisions = []
        for want in wants:
            key, limit = want.key, want.limit
            name, buckets = (limit.name, key), self._of(limit)
            # What the same request has taken of the same bucket counts already.
            _, backlog = pending.get(name) or (buckets, max(0, buckets.arrivals.get(key, 0) - now))
            decision = decide(want, backlog)
            decisions.append(decision)
            if decision.allowed:
                pending[name] = buckets, backlog + want.cost * limit.interval_ns
        told = judge(decisions)
        if told.allowed:
            for (_, key), (buckets, backlog) in pending.items():
                self._store(buckets, key, now + backlog)
        self._counted.count(decisions)
        return told

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take as `take_all` does."""
        return self.take_all(wants)

    async def settle(self, wants: Sequence[Want], used: int) -> None:
        """Replace what each of `wants` took by `used` units: real token usage, or 0 to give it back."""
        now = int(self._clock() * NS_PER_S)
        for want in wants:
            key, limit = want.key, want.limit
            buckets = self._buckets.get(limit.name) or self._of(limit)
            backlog = (used - want.cost) * limit.interval_ns
            arrival = buckets.arrivals.get(key, 0)
            if arrival > now:
                backlog += arrival - now
            if arrival:
                # It was put at the end when it was taken.
                buckets.arrivals[key] = now + backlog
            else:
                self._store(buckets, key, now + backlog)

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

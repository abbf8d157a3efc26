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
from wattos_platform.kernel.telemetry import Meter

__all__ = ["Decision", "Limit", "Limiter", "RateLimiter", "Want"]

MAX_KEYS = 100_000


class Limiter:
    """A RateLimiter in memory, for one process. Beyond `cap` keys, the one unused longest is forgotten.

    `clock` gives monotonic seconds.
    """

    __slots__ = ("_arrivals", "_cap", "_clock", "_counted")

    def __init__(
        self, clock: Callable[[], float], *, meter: Meter | None = None, cap: int = MAX_KEYS
    ) -> None:
        self._clock = clock
        self._counted = DecisionCounter(meter)
        self._cap = cap
        self._arrivals: dict[tuple[str, str], int] = {}

    def take(self, key: str, limit: Limit, cost: int = 1) -> Decision:
        """Take `cost` units for `key` if it has them; otherwise take nothing and say when it will."""
        # The usual case, one limit that has room, without the lists of take_all.
        now = int(self._clock() * NS_PER_S)
        name = (limit.name, key)
        arrivals = self._arrivals
        arrival = arrivals.get(name, 0)
        full_at = (max(now, arrival)) + cost * limit.interval_ns
        room = limit.depth_ns - (full_at - now)
        if room < 0:
            return self.take_all((Want(key, limit, cost),))
        if arrival:
            # Put back at the end: the dictionary's order is the order of use.
            del arrivals[name]
        elif len(arrivals) >= self._cap:
            del arrivals[next(iter(arrivals))]
        arrivals[name] = full_at
        self._counted.allowed(limit.name)
        return Decision(True, room // limit.interval_ns, 0.0, (full_at - now) / NS_PER_S, limit)

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
        arrivals = self._arrivals
        pending: dict[tuple[str, str], int] = {}
        tightest: tuple[int, int, Limit] | None = None
        for key, limit, cost in wants:
            name = (limit.name, key)
            full_at = max(now, arrivals.get(name, 0)) + cost * limit.interval_ns
            room = limit.depth_ns - (full_at - now)
            if room < 0 or limit.shadow or name in pending:
                return None
            pending[name] = full_at
            remaining = room // limit.interval_ns
            if tightest is None or remaining < tightest[0]:
                tightest = (remaining, full_at, limit)
        for name, full_at in pending.items():
            # Put back at the end: the dictionary's order is the order of use.
            arrivals.pop(name, None)
            arrivals[name] = full_at
            self._counted.allowed(name[0])
        while len(arrivals) > self._cap:
            del arrivals[next(iter(arrivals))]
        assert tightest is not None  # noqa: S101 - narrows the type; there is at least one want
        remaining, full_at, limit = tightest
        return Decision(True, remaining, 0.0, (full_at - now) / NS_PER_S, limit)

    def _weigh(self, wants: Sequence[Want], now: int) -> Decision:
        pending: dict[tuple[str, str], int] = {}
        decisions = []
        for want in wants:
            key, limit, cost = want
            name = (limit.name, key)
            # What the same request has taken of the same bucket counts already.
            backlog = pending.get(name) or max(0, self._arrivals.get(name, 0) - now)
            decision = decide(want, backlog)
            decisions.append(decision)
            if decision.allowed:
                pending[name] = backlog + cost * limit.interval_ns
        told = judge(decisions)
        if told.allowed:
            for name, backlog in pending.items():
                self._store(name, now + backlog)
        self._counted.count(decisions)
        return told

    def refund(self, want: Want, used: int = 0) -> None:
        """Replace what `want` took by `used` units: real token usage, or 0 for a cancelled request."""
        key, limit, cost = want
        now = int(self._clock() * NS_PER_S)
        arrival = max(now, self._arrivals.get((limit.name, key), 0))
        self._store((limit.name, key), arrival + (used - cost) * limit.interval_ns)

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take as `take_all` does."""
        return self.take_all(wants)

    async def settle(self, want: Want, used: int) -> None:
        """Settle as `refund` does."""
        self.refund(want, used)

    def _store(self, name: tuple[str, str], arrival: int) -> None:
        arrivals = self._arrivals
        # Put back at the end: the dictionary's order is the order of use.
        arrivals.pop(name, None)
        arrivals[name] = arrival
        if len(arrivals) > self._cap:
            del arrivals[next(iter(arrivals))]

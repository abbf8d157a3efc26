"""Rate limits by GCRA, the token bucket that needs one number per key.

A key's number is its theoretical arrival time: when its bucket will be full again. Times are whole
nanoseconds, so that a burst of 100 lets exactly 100 through. Source: ATM Forum TM 4.1, 4.4.3 (generic cell
rate algorithm).
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from wattos_platform.kernel.telemetry import Counter, Meter, NullMeter

MAX_KEYS = 100_000
_NS = 1_000_000_000
_PERIODS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPELLING = re.compile(r"(\d+)r/([smhd])\Z")


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` per `period_s`, of which `burst` (default: all) may come at once.

    With `shadow` it decides and counts but never refuses.
    """

    name: str
    count: int
    period_s: float
    burst: int = 0
    shadow: bool = False
    interval_ns: int = field(init=False, repr=False)
    depth_ns: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.count < 1 or self.period_s <= 0:
            raise ValueError(f"limit {self.name}: count and period must be above 0")
        interval = max(1, round(self.period_s * _NS / self.count))
        object.__setattr__(self, "interval_ns", interval)
        object.__setattr__(self, "burst", self.burst or self.count)
        object.__setattr__(self, "depth_ns", interval * self.burst)

    @classmethod
    def parse(cls, name: str, text: str) -> "Limit":
        """Return the limit written like `100r/m` (s, m, h, d); ValueError says what is expected."""
        match = _SPELLING.match(text)
        if match is None or int(match[1]) == 0:
            raise ValueError(f"limit {name} is {text!r}; write it like 100r/m (s, m, h or d)")
        return cls(name, int(match[1]), _PERIODS_S[match[2]])


class Decision(NamedTuple):
    """The outcome for the tightest limit of a request; times in seconds.

    `retry_after_s` is 0 when allowed; `reset_s` is when the bucket is full again.
    """

    allowed: bool
    remaining: int
    retry_after_s: float
    reset_s: float
    limit: Limit

    def headers(self) -> dict[str, str]:
        """Return RateLimit-Limit, -Remaining, -Reset, and Retry-After when refused (whole seconds, up)."""
        told = {
            "RateLimit-Limit": str(self.limit.burst),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset_s)),
        }
        if not self.allowed:
            told["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        return told


class Want(NamedTuple):
    """`cost` units of `limit` for `key`."""

    key: str
    limit: Limit
    cost: int = 1


class RateLimiter(Protocol):
    """What services are given: the same in memory and, shared by all replicas, in Redis."""

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take what every want asks for, or nothing if one is refused; return the tightest decision."""

    async def settle(self, want: Want, used: int) -> None:
        """Replace what `want` took by what was really used: more, less, or 0 to give it back."""


class Limiter:
    """A RateLimiter in memory, for one process. Beyond `cap` keys, the one unused longest is forgotten.

    `clock` gives monotonic seconds.
    """

    __slots__ = ("_allowed", "_arrivals", "_cap", "_clock", "_meter")

    def __init__(
        self, clock: Callable[[], float], *, meter: Meter | None = None, cap: int = MAX_KEYS
    ) -> None:
        self._clock = clock
        self._meter = meter or NullMeter()
        self._cap = cap
        self._arrivals: dict[tuple[str, str], int] = {}
        self._allowed: dict[str, Counter] = {}

    def take(self, key: str, limit: Limit, cost: int = 1) -> Decision:
        """Take `cost` units for `key` if it has them; otherwise take nothing and say when it will."""
        # The usual case, one limit that has room, without the lists of take_all.
        now = int(self._clock() * _NS)
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
        self._allowed_counter(limit.name).inc()
        return Decision(True, room // limit.interval_ns, 0.0, (full_at - now) / _NS, limit)

    def take_all(self, wants: Sequence[Want]) -> Decision:
        """Take what every want asks for, or nothing if one is refused; return the tightest decision."""
        if not wants:
            raise ValueError("a decision needs at least one limit")
        now = int(self._clock() * _NS)
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
            self._allowed_counter(name[0]).inc()
        while len(arrivals) > self._cap:
            del arrivals[next(iter(arrivals))]
        assert tightest is not None  # noqa: S101 - narrows the type; there is at least one want
        remaining, full_at, limit = tightest
        return Decision(True, remaining, 0.0, (full_at - now) / _NS, limit)

    def _weigh(self, wants: Sequence[Want], now: int) -> Decision:
        decisions = [self._decide(want, now) for want in wants]
        binding = [one for one in decisions if not one.limit.shadow]
        granted = all(one.allowed for one in binding)
        for want, decision in zip(wants, decisions, strict=True):
            self._count(decision)
            if granted and decision.allowed:
                self._store(want, now, want.cost)
        tightest = _tightest(binding or decisions, refused=not granted)
        return tightest if tightest.allowed or not tightest.limit.shadow else tightest._replace(allowed=True)

    def refund(self, want: Want, used: int = 0) -> None:
        """Replace what `want` took by `used` units: real token usage, or 0 for a cancelled request."""
        now = int(self._clock() * _NS)
        self._store(want, now, used - want.cost)

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take as `take_all` does."""
        return self.take_all(wants)

    async def settle(self, want: Want, used: int) -> None:
        """Settle as `refund` does."""
        self.refund(want, used)

    def _decide(self, want: Want, now: int) -> Decision:
        key, limit, cost = want
        arrival = self._arrivals.get((limit.name, key), now)
        base = max(now, arrival)
        full_at = base + cost * limit.interval_ns
        over = full_at - now - limit.depth_ns
        if over > 0:
            # More than the bucket holds is never allowed: the honest answer is the wait for a full bucket.
            wait = min(over, max(base - now, 1)) if cost > limit.burst else over
            left = max(0, (limit.depth_ns - (base - now)) // limit.interval_ns)
            return Decision(False, left, wait / _NS, (base - now) / _NS, limit)
        return Decision(True, -over // limit.interval_ns, 0.0, (full_at - now) / _NS, limit)

    def _store(self, want: Want, now: int, cost: int) -> None:
        arrivals = self._arrivals
        name = (want.limit.name, want.key)
        arrival = max(arrivals.pop(name, now), now) + cost * want.limit.interval_ns
        # Put back at the end: the dictionary's order is the order of use.
        arrivals[name] = arrival
        if len(arrivals) > self._cap:
            del arrivals[next(iter(arrivals))]

    def _allowed_counter(self, name: str) -> Counter:
        counter = self._allowed.get(name)
        if counter is None:
            counter = self._meter.counter("rate_limit_decisions_total", limit=name, decision="allowed")
            self._allowed[name] = counter
        return counter

    def _count(self, decision: Decision) -> None:
        limit = decision.limit
        if decision.allowed:
            self._allowed_counter(limit.name).inc()
            return
        outcome = "shadow_refused" if limit.shadow else "refused"
        self._meter.counter("rate_limit_decisions_total", limit=limit.name, decision=outcome).inc()


def _tightest(decisions: Sequence[Decision], *, refused: bool) -> Decision:
    if refused:
        return max((one for one in decisions if not one.allowed), key=lambda one: one.retry_after_s)
    return min(decisions, key=lambda one: one.remaining)

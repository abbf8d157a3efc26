"""Rate limits by GCRA, the token bucket that needs one number per key: what every limiter agrees on.

A key's number is its theoretical arrival time: when its bucket will be full again. Times are whole
nanoseconds, so that a burst of 100 lets exactly 100 through. Source: ATM Forum TM 4.1, 4.4.3 (generic cell
rate algorithm).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from wattos_platform.kernel.telemetry import Meter, NullMeter, Tally

NS_PER_S = 1_000_000_000
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
        interval = max(1, round(self.period_s * NS_PER_S / self.count))
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


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The outcome for the tightest limit of a request; times in seconds.

    `retry_after_s` is 0 when allowed; `reset_s` is when the bucket is full again. A Struct, because one is
    made for every request and a NamedTuple takes five times as long; a Want is one for the same reason.
    """

    allowed: bool
    remaining: int
    retry_after_s: float
    reset_s: float
    limit: Limit


class Want(msgspec.Struct, frozen=True, gc=False):
    """`cost` units of `limit` for `key`."""

    key: str
    limit: Limit
    cost: int = 1


class RateLimiter(Protocol):
    """What services are given: the same in memory and, shared by all replicas, in Redis."""

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take what every want asks for, or nothing if one is refused; return the tightest decision."""

    async def settle(self, wants: Sequence[Want], used: int) -> None:
        """Replace what each of `wants` took by what was really used: more, less, or 0 to give it back."""


class DecisionCounter:
    """Counts `rate_limit_decisions_total` by limit and outcome; what is allowed costs a look-up."""

    __slots__ = ("_allowed", "_meter")

    def __init__(self, meter: Meter | None) -> None:
        self._meter = meter or NullMeter()
        self._allowed: dict[str, Tally] = {}

    def of_allowed(self, limit_name: str) -> Tally:
        """Return the tally of the wants that were granted."""
        tally = self._allowed.get(limit_name)
        if tally is None:
            tally = self._meter.tally("rate_limit_decisions_total", limit=limit_name, decision="allowed")
            self._allowed[limit_name] = tally
        return tally

    def count(self, decisions: Sequence[Decision]) -> None:
        """Count each decision of one request."""
        for decision in decisions:
            if decision.allowed:
                self.of_allowed(decision.limit.name).count += 1
                continue
            self.count_refused(decision.limit.name, shadow=decision.limit.shadow)

    def count_refused(self, limit_name: str, *, shadow: bool) -> None:
        """Count a want that was refused, or would have been."""
        outcome = "shadow_refused" if shadow else "refused"
        self._meter.counter("rate_limit_decisions_total", limit=limit_name, decision=outcome).inc()


def decide(want: Want, backlog_ns: int) -> Decision:
    """Return what `want` is told when its bucket is full again only in `backlog_ns` (0: it is full)."""
    limit, cost = want.limit, want.cost
    full_ns = backlog_ns + cost * limit.interval_ns
    over = full_ns - limit.depth_ns
    if over > 0:
        # More than the bucket holds is never allowed: the honest answer is the wait for a full bucket.
        wait = min(over, max(backlog_ns, 1)) if cost > limit.burst else over
        left = max(0, (limit.depth_ns - backlog_ns) // limit.interval_ns)
        return Decision(False, left, wait / NS_PER_S, backlog_ns / NS_PER_S, limit)
    return Decision(True, -over // limit.interval_ns, 0.0, full_ns / NS_PER_S, limit)


def judge(decisions: Sequence[Decision]) -> Decision:
    """Return the tightest of one request's decisions, refused if any limit that binds refuses.

    Of refusals that is the longest wait, else the least that remains. A shadow limit speaks only when there
    is no other, and never refuses.
    """
    binding = [one for one in decisions if not one.limit.shadow]
    refusals = [one for one in binding if not one.allowed]
    if refusals:
        return max(refusals, key=lambda one: one.retry_after_s)
    tightest = min(binding or decisions, key=lambda one: one.remaining)
    return tightest if tightest.allowed else msgspec.structs.replace(tightest, allowed=True)

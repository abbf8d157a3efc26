"""Any RateLimiter against the plainest model there is: buckets of whole tokens, one more every hour.

A real limiter takes moments to decide, in which its buckets fill a little; an hour hides them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wattos_platform.kernel.resilience.rate_limits import Limit, RateLimiter, Want

HOUR_S = 3600
MOMENT_S = 600
BURSTS = st.integers(1, 8)
WANTS = st.lists(
    st.tuples(st.sampled_from("xy"), st.integers(0, 2), st.integers(0, 10)), min_size=1, max_size=5
)


class ModelLimiter:
    """Tokens by bucket; what a request is told is (allowed, tokens left of the tightest, hours to wait)."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], int] = defaultdict(int)

    def wait(self, hours: int) -> None:
        for bucket, used in self.used.items():
            self.used[bucket] = max(0, used - hours)

    def acquire(self, wants: Sequence[Want]) -> tuple[bool, int, int]:
        taken: dict[tuple[str, str], int] = defaultdict(int)
        told = []
        for want in wants:
            limit, cost = want.limit, want.cost
            bucket = (limit.name, want.key)
            used = self.used[bucket] + taken[bucket]
            fits = used + cost <= limit.burst
            taken[bucket] += cost if fits else 0
            hours = 0 if fits else min(used + cost - limit.burst, used if cost > limit.burst else 10**9)
            told.append((fits, max(0, limit.burst - used - (cost if fits else 0)), hours, limit.shadow))
        binding = [one for one in told if not one[3]]
        if all(one[0] for one in binding):
            for bucket, cost in taken.items():
                self.used[bucket] += cost
            return True, min(one[1] for one in binding or told), 0
        return False, 0, max(one[2] for one in binding if not one[0])

    def settle(self, want: Want, used: int) -> None:
        bucket = (want.limit.name, want.key)
        self.used[bucket] = max(0, self.used[bucket] + used - want.cost)


class LimiterMachine(RuleBasedStateMachine):
    """A subclass says in `open` what it tests, and in `age` how an hour passes there."""

    limiter: RateLimiter

    def __init__(self) -> None:
        super().__init__()
        self.model = ModelLimiter()
        self.limits: list[Limit] = []
        self.runner = asyncio.Runner()
        self.runner.run(self.open())

    async def open(self) -> None:
        raise NotImplementedError

    async def age(self, seconds: int) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """End what `open` began."""

    def teardown(self) -> None:
        self.runner.run(self.close())
        self.runner.close()

    @initialize(bursts=st.tuples(BURSTS, BURSTS, BURSTS), counts=st.tuples(BURSTS, BURSTS, BURSTS))
    def configure(self, bursts: tuple[int, int, int], counts: tuple[int, int, int]) -> None:
        self.limits = [
            Limit(name, count, count * HOUR_S, burst, shadow=name == "shadow")
            for name, count, burst in zip(("one", "other", "shadow"), counts, bursts, strict=True)
        ]

    @rule(hours=st.integers(1, 10))
    def wait(self, hours: int) -> None:
        self.runner.run(self.age(hours * HOUR_S))
        self.model.wait(hours)

    @rule(drawn=WANTS)
    def acquire(self, drawn: list[tuple[str, int, int]]) -> None:
        wants = [Want(key, self.limits[limit], cost) for key, limit, cost in drawn]
        got = self.runner.run(self.limiter.acquire(wants))
        allowed, remaining, hours = self.model.acquire(wants)
        assert got.allowed is allowed
        if allowed:
            assert got.remaining == remaining
        else:
            assert got.retry_after_s == pytest.approx(hours * HOUR_S, abs=MOMENT_S)

    @rule(key=st.sampled_from("xy"), limit=st.integers(0, 2), cost=st.integers(0, 8), used=st.integers(0, 20))
    def settle(self, key: str, limit: int, cost: int, used: int) -> None:
        want = Want(key, self.limits[limit], cost)
        self.runner.run(self.limiter.settle([want], used))
        self.model.settle(want, used)

    @invariant()
    def buckets_hold_what_the_model_holds(self) -> None:
        for limit in self.limits:
            for key in "xy":
                got = self.runner.run(self.limiter.acquire([Want(key, limit, 0)]))
                assert got.remaining == max(0, limit.burst - self.model.used[limit.name, key])

"""What every RateLimiter must do. Who runs it gives the fixtures `limiter`, `meter` and `advance` (seconds).

Tokens come back every 360 s, so that the moments a real limiter needs to decide change nothing.
"""

import time
from collections.abc import Awaitable, Callable

import pytest

from tests.fakes.kernel.meter import FakeMeter
from wattos_platform.kernel.resilience.rate_limits import NS_PER_S, Limit, RateLimiter, Want

Advance = Callable[[float], Awaitable[None]]
HOURLY = Limit("user", 10, 3600)
TOKEN_S = 360


async def grants(limiter: RateLimiter, times: int, *wants: Want) -> int:
    return sum([(await limiter.acquire(wants)).allowed for _ in range(times)])


async def remaining(limiter: RateLimiter, key: str, limit: Limit) -> int:
    """Return what is left, without taking anything."""
    return (await limiter.acquire([Want(key, limit, 0)])).remaining


class RateLimiterContract:
    async def test_exactly_the_burst_gets_through(self, limiter: RateLimiter) -> None:
        assert await grants(limiter, 200, Want("u", Limit("user", 100, 36_000))) == 100

    async def test_tokens_come_back_one_by_one(self, limiter: RateLimiter, advance: Advance) -> None:
        assert await grants(limiter, 11, Want("u", HOURLY)) == 10
        refused = await limiter.acquire([Want("u", HOURLY)])
        assert (refused.allowed, refused.remaining) == (False, 0)
        assert refused.retry_after_s == pytest.approx(TOKEN_S, abs=60)
        assert refused.reset_s == pytest.approx(3600, abs=60)
        await advance(TOKEN_S)
        assert await grants(limiter, 2, Want("u", HOURLY)) == 1
        await advance(3600)
        assert await grants(limiter, 20, Want("u", HOURLY)) == 10

    async def test_the_burst_may_be_smaller_or_larger_than_the_count(self, limiter: RateLimiter) -> None:
        assert await grants(limiter, 20, Want("u", Limit("narrow", 10, 3600, burst=3))) == 3
        assert await grants(limiter, 20, Want("u", Limit("wide", 10, 3600, burst=15))) == 15

    async def test_keys_and_limits_are_apart(self, limiter: RateLimiter) -> None:
        one, other = Limit("one", 1, 3600), Limit("other", 1, 3600)
        wanted = (Want("a", one), Want("b", one), Want("a", other), Want("a", one))
        assert [(await limiter.acquire([want])).allowed for want in wanted] == [True, True, True, False]

    async def test_a_refused_limit_takes_nothing_from_the_others(
        self, limiter: RateLimiter, meter: FakeMeter
    ) -> None:
        narrow, wide = Limit("narrow", 1, 3600), Limit("wide", 10, 3600)
        wants = [Want("u", wide), Want("u", narrow)]
        assert (await limiter.acquire(wants)).allowed
        refused = await limiter.acquire(wants)
        assert (refused.allowed, refused.limit.name) == (False, "narrow")
        assert await remaining(limiter, "u", wide) == 9
        assert meter.total("rate_limit_decisions_total", limit="narrow", decision="refused") == 1
        assert meter.total("rate_limit_decisions_total", limit="narrow", decision="allowed") == 1

    async def test_the_tightest_limit_is_told(self, limiter: RateLimiter) -> None:
        decision = await limiter.acquire([Want("u", Limit("a", 100, 3600)), Want("t", Limit("b", 5, 3600))])
        assert (decision.limit.name, decision.remaining) == ("b", 4)

    async def test_the_longest_wait_of_several_refusals_is_told(self, limiter: RateLimiter) -> None:
        quick, slow = Limit("quick", 1, 3600), Limit("slow", 1, 36_000)
        await limiter.acquire([Want("u", quick), Want("u", slow)])
        refused = await limiter.acquire([Want("u", slow), Want("u", quick)])
        assert (refused.allowed, refused.limit.name) == (False, "slow")

    async def test_one_bucket_wanted_twice_is_charged_twice_or_not_at_all(self, limiter: RateLimiter) -> None:
        limit = Limit("one", 3, 3600)
        assert (await limiter.acquire([Want("u", limit), Want("u", limit)])).allowed
        assert not (await limiter.acquire([Want("u", limit), Want("u", limit)])).allowed
        assert await remaining(limiter, "u", limit) == 1

    async def test_a_shadow_limit_counts_but_never_refuses(
        self, limiter: RateLimiter, meter: FakeMeter
    ) -> None:
        shadow = Limit("try", 1, 3600, shadow=True)
        assert await grants(limiter, 3, Want("u", shadow)) == 3
        assert meter.total("rate_limit_decisions_total", limit="try", decision="shadow_refused") == 2
        assert meter.total("rate_limit_decisions_total", limit="try", decision="allowed") == 1

    async def test_a_shadow_limit_neither_decides_nor_is_told_beside_one_that_binds(
        self, limiter: RateLimiter
    ) -> None:
        shadow, binding = Limit("try", 1, 3600, shadow=True), Limit("real", 2, 3600)
        wants = [Want("u", shadow), Want("u", binding)]
        decisions = [await limiter.acquire(wants) for _ in range(3)]
        assert [(one.allowed, one.limit.name, one.remaining) for one in decisions] == [
            (True, "real", 1), (True, "real", 0), (False, "real", 0),
        ]  # fmt: skip

    async def test_what_binds_and_refuses_leaves_the_shadow_untouched(self, limiter: RateLimiter) -> None:
        shadow, binding = Limit("try", 5, 3600, shadow=True), Limit("real", 1, 3600)
        assert await grants(limiter, 3, Want("u", shadow), Want("u", binding)) == 1
        assert await remaining(limiter, "u", shadow) == 4

    @pytest.mark.parametrize(("used", "left"), [(100, 900), (0, 1000), (600, 400), (700, 300)])
    async def test_a_reservation_is_settled_with_what_was_used(
        self, limiter: RateLimiter, used: int, left: int
    ) -> None:
        tokens = Limit("tokens", 1000, 3_600_000)
        want = Want("u", tokens, 600)
        await limiter.acquire([want])
        await limiter.settle([want], used)
        assert await remaining(limiter, "u", tokens) == left

    async def test_all_reservations_of_a_request_are_settled_together(self, limiter: RateLimiter) -> None:
        tokens, few = Limit("tokens", 1000, 3_600_000), Limit("few", 500, 3_600_000)
        wants = [Want("t", tokens, 600), Want("u", few, 500)]
        assert (await limiter.acquire(wants)).allowed
        await limiter.settle(wants, 200)
        assert (await remaining(limiter, "t", tokens), await remaining(limiter, "u", few)) == (800, 300)

    async def test_using_more_than_the_bucket_holds_is_waited_for(
        self, limiter: RateLimiter, advance: Advance
    ) -> None:
        tokens = Limit("tokens", 1000, 360_000)
        await limiter.acquire([Want("u", tokens, 10)])
        await limiter.settle([Want("u", tokens, 10)], 1500)
        refused = await limiter.acquire([Want("u", tokens)])
        assert not refused.allowed
        assert refused.retry_after_s == pytest.approx(501 * 360, abs=60)
        await advance(501 * 360)
        assert await grants(limiter, 2, Want("u", tokens)) == 1

    async def test_giving_back_never_fills_beyond_the_burst(
        self, limiter: RateLimiter, advance: Advance
    ) -> None:
        want = Want("u", HOURLY, 5)
        await limiter.acquire([want])
        await advance(3600)
        await limiter.settle([want], 0)
        assert await grants(limiter, 20, Want("u", HOURLY)) == 10

    async def test_settling_what_was_never_taken_charges_it(self, limiter: RateLimiter) -> None:
        await limiter.settle([Want("u", HOURLY, 0)], 4)
        assert await remaining(limiter, "u", HOURLY) == 6

    async def test_more_than_the_bucket_holds_is_never_allowed(
        self, limiter: RateLimiter, advance: Advance
    ) -> None:
        refused = await limiter.acquire([Want("u", HOURLY, 11)])
        assert (refused.allowed, refused.remaining) == (False, 10)
        await advance(36_000)
        assert not (await limiter.acquire([Want("u", HOURLY, 11)])).allowed

    async def test_large_costs_are_exact(self, limiter: RateLimiter) -> None:
        # Ten billion micro-dollars a day: 8640 ns each, a bucket of 8.64e13 ns.
        budget = Limit("usd", 10_000_000_000, 86_400)
        begin = time.monotonic()
        await limiter.acquire([Want("t", budget, 9_999_000_000)])
        left = await remaining(limiter, "t", budget)
        back = (time.monotonic() - begin) * NS_PER_S / budget.interval_ns
        assert 1_000_000 <= left <= 1_000_001 + back
        await limiter.settle([Want("t", budget, 9_999_000_000)], 1)
        assert await remaining(limiter, "t", budget) >= 9_999_999_999

    async def test_a_request_without_limits_is_a_mistake(self, limiter: RateLimiter) -> None:
        with pytest.raises(ValueError, match="at least one limit"):
            await limiter.acquire([])

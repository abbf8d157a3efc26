"""The contract of rate limiters, in memory and behind the fallback; Redis is in tests/integration."""

import pytest

from tests.contract.limiter_contract import HOURLY, Advance, RateLimiterContract, grants
from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeMeter
from tests.fakes.kernel.shared_store import DownLimiter
from wattos_platform.kernel.redis.fallback import FallbackLimiter
from wattos_platform.kernel.resilience.limiter import Limiter
from wattos_platform.kernel.resilience.rate_limits import Limit, RateLimiter, Want


@pytest.fixture
def advance(clock: FakeClock) -> Advance:
    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    return advance


class TestMemory(RateLimiterContract):
    @pytest.fixture
    def limiter(self, clock: FakeClock, meter: FakeMeter) -> RateLimiter:
        return Limiter(clock, meter=meter)


class TestFallbackDuringAnOutage(RateLimiterContract):
    @pytest.fixture
    def limiter(self, clock: FakeClock, meter: FakeMeter) -> RateLimiter:
        return FallbackLimiter(DownLimiter(Limiter(clock)), Limiter(clock, meter=meter))


class TestFallbackWithoutAnOutage(RateLimiterContract):
    @pytest.fixture
    def limiter(self, clock: FakeClock, meter: FakeMeter) -> RateLimiter:
        shared = DownLimiter(Limiter(clock, meter=meter))
        shared.is_down = False
        return FallbackLimiter(shared, Limiter(clock))


async def test_an_outage_begins_with_full_buckets_and_ends_with_the_shared_ones(clock: FakeClock) -> None:
    shared = DownLimiter(Limiter(clock))
    limiter = FallbackLimiter(shared, Limiter(clock))
    shadow = Limit("try", 1, 3600, shadow=True)
    wants = (Want("u", HOURLY), Want("u", shadow))
    shared.is_down = False
    assert await grants(limiter, 4, *wants) == 4
    shared.is_down = True
    assert await grants(limiter, 20, *wants) == 10
    shared.is_down = False
    assert await grants(limiter, 20, *wants) == 6

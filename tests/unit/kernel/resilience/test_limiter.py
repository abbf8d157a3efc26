"""The limiter in memory beyond the contract: its shortcuts, its bound, the spelling; and against a model."""

import pytest
from hypothesis import settings

from tests.contract.limiter_machine import LimiterMachine
from tests.fakes.kernel.clock import FakeClock
from wattos_platform.kernel.resilience.limiter import Limit, Limiter, Want

PER_MINUTE = Limit("user", 100, 60)


@pytest.fixture
def limiter(clock, meter):
    return Limiter(clock, meter=meter)


def test_exactly_the_burst_gets_through(limiter):
    assert sum(limiter.take("u", PER_MINUTE).allowed for _ in range(2000)) == 100


def test_times_are_exact(limiter, clock):
    for _ in range(100):
        limiter.take("u", PER_MINUTE)
    refused = limiter.take("u", PER_MINUTE)
    assert refused.retry_after_s == pytest.approx(0.6)
    clock.advance(refused.retry_after_s + 1e-6)
    assert [limiter.take("u", PER_MINUTE).allowed for _ in range(2)] == [True, False]
    clock.advance(60)
    assert limiter.take("u", PER_MINUTE).remaining == 99


def test_one_want_is_decided_like_several(limiter, meter):
    shadow = Limit("try", 2, 60, shadow=True)
    assert [limiter.take("u", shadow).allowed for _ in range(3)] == [True, True, True]
    assert limiter.take("u", Limit("small", 5, 60), 6).remaining == 5
    assert meter.total("rate_limit_decisions_total", limit="try", decision="shadow_refused") == 1
    assert meter.total("rate_limit_decisions_total", limit="small", decision="refused") == 1


def test_what_one_limit_granted_before_another_refused_is_given_back(limiter, meter):
    wide, narrow = Limit("wide", 100, 60), Limit("narrow", 1, 60)
    wants = [Want("u", wide, 10), Want("u", narrow)]
    assert [limiter.take_all(wants).allowed for _ in range(3)] == [True, False, False]
    assert limiter.take("u", wide, 0).remaining == 90
    decided = {"limit": "narrow", "decision": "refused"}
    assert meter.total("rate_limit_decisions_total", **decided) == 2
    # Each request is told what both limits decided, whatever became of it.
    decided = {"limit": "wide", "decision": "allowed"}
    assert meter.total("rate_limit_decisions_total", **decided) == 4


@pytest.mark.parametrize("several", [False, True])
def test_keys_are_bounded(clock, several):
    limiter, one = Limiter(clock, cap=3), Limit("one", 1, 60)
    for key in "abcd":
        wants = [Want(key, one), Want("together", Limit("wide", 100, 60))] if several else [Want(key, one)]
        limiter.take_all(wants)
    assert limiter.take("a", one).allowed
    assert not limiter.take("d", one).allowed


@pytest.mark.parametrize("text", ["100", "r/m", "0r/m", "100r/w", "-1r/m", "100r/m "])
def test_spelling_errors_are_named(text):
    with pytest.raises(ValueError, match="write it like 100r/m"):
        Limit.parse("user", text)


def test_spelling():
    limit = Limit.parse("user", "100r/m")
    assert (limit.count, limit.period_s, limit.burst) == (100, 60, 100)


class Machine(LimiterMachine):
    async def open(self) -> None:
        self.clock = FakeClock()
        self.limiter = Limiter(self.clock)

    async def age(self, seconds: int) -> None:
        self.clock.advance(seconds)


TestAgainstWholeTokens = Machine.TestCase
TestAgainstWholeTokens.settings = settings(max_examples=150, stateful_step_count=40)

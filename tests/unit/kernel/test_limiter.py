"""Rate limits: exact bursts, all or nothing, refunds; checked against a bucket of whole tokens."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter
from wattos_platform.kernel.resilience.limiter import Limit, Limiter, Want

PER_MINUTE = Limit("user", 100, 60)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def meter():
    return FakeMeter()


@pytest.fixture
def limiter(clock, meter):
    return Limiter(clock, meter=meter)


def test_exactly_the_burst_gets_through(limiter):
    assert sum(limiter.take("u", PER_MINUTE).allowed for _ in range(2000)) == 100


def test_tokens_come_back_one_by_one(limiter, clock):
    for _ in range(100):
        limiter.take("u", PER_MINUTE)
    refused = limiter.take("u", PER_MINUTE)
    assert refused.retry_after_s == pytest.approx(0.6)
    clock.advance(refused.retry_after_s + 1e-6)
    assert [limiter.take("u", PER_MINUTE).allowed for _ in range(2)] == [True, False]
    clock.advance(60)
    assert limiter.take("u", PER_MINUTE).remaining == 99


def test_keys_and_limits_are_apart(limiter):
    one, other = Limit("one", 1, 60), Limit("other", 1, 60)
    wanted = (("a", one), ("b", one), ("a", other), ("a", one))
    assert [limiter.take(key, limit).allowed for key, limit in wanted] == [True, True, True, False]


def test_headers_say_how_much_is_left_and_when(limiter):
    assert limiter.take("u", PER_MINUTE).headers() == {
        "RateLimit-Limit": "100", "RateLimit-Remaining": "99", "RateLimit-Reset": "1",
    }  # fmt: skip
    for _ in range(99):
        limiter.take("u", PER_MINUTE)
    assert limiter.take("u", PER_MINUTE).headers() == {
        "RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": "60", "Retry-After": "1",
    }  # fmt: skip


def test_a_refused_limit_takes_nothing_from_the_others(limiter):
    narrow, wide = Limit("narrow", 1, 60), Limit("wide", 10, 60)
    wants = [Want("u", wide), Want("u", narrow)]
    assert limiter.take_all(wants).allowed
    refused = limiter.take_all(wants)
    assert (refused.allowed, refused.limit.name) == (False, "narrow")
    assert limiter.take("u", wide).remaining == 8


def test_the_tightest_limit_is_told(limiter):
    decision = limiter.take_all([Want("u", Limit("a", 100, 60)), Want("t", Limit("b", 5, 60))])
    assert (decision.limit.name, decision.remaining) == ("b", 4)


def test_a_shadow_limit_counts_but_never_refuses(limiter, meter):
    shadow = Limit("try", 1, 60, shadow=True)
    assert [limiter.take("u", shadow).allowed for _ in range(3)] == [True, True, True]
    assert meter.total("rate_limit_decisions_total", limit="try", decision="shadow_refused") == 2


def test_a_reservation_is_settled_with_what_was_used(limiter):
    tokens = Limit("tokens", 1000, 60)
    want = Want("u", tokens, 600)
    limiter.take_all([want])
    limiter.refund(want, used=100)
    assert limiter.take("u", tokens).remaining == 899
    limiter.take_all([Want("u", tokens, 100)])
    limiter.refund(Want("u", tokens, 100))
    assert limiter.take("u", tokens).remaining == 898


def test_using_more_than_reserved_is_charged(limiter):
    tokens = Limit("tokens", 1000, 60)
    limiter.take("u", tokens, 10)
    limiter.refund(Want("u", tokens, 10), used=1500)
    refused = limiter.take("u", tokens)
    assert not refused.allowed
    assert refused.retry_after_s == pytest.approx(501 * 0.06)


def test_more_than_the_bucket_holds_is_never_allowed(limiter, clock):
    tokens = Limit("tokens", 10, 60)
    refused = limiter.take("u", tokens, 11)
    assert (refused.allowed, refused.remaining) == (False, 10)
    clock.advance(1000)
    assert not limiter.take("u", tokens, 11).allowed


def test_keys_are_bounded(clock):
    limiter = Limiter(clock, cap=3)
    one = Limit("one", 1, 60)
    for key in "abcd":
        limiter.take(key, one)
    assert limiter.take("a", one).allowed
    assert not limiter.take("d", one).allowed


@pytest.mark.parametrize("text", ["100", "r/m", "0r/m", "100r/w", "-1r/m", "100r/m "])
def test_spelling_errors_are_named(text):
    with pytest.raises(ValueError, match="write it like 100r/m"):
        Limit.parse("user", text)


def test_spelling():
    limit = Limit.parse("user", "100r/m")
    assert (limit.count, limit.period_s, limit.burst) == (100, 60, 100)


class AgainstWholeTokens(RuleBasedStateMachine):
    """The limiter and a naive bucket, which adds `interval`s of time as tokens, always agree."""

    @initialize(count=st.integers(1, 20), burst=st.integers(1, 20))
    def setup(self, count: int, burst: int) -> None:
        self.clock = FakeClock(0)
        self.limiter = Limiter(self.clock)
        self.limit = Limit("l", count, count, burst)  # one token a second
        self.tokens = float(burst)

    @rule(seconds=st.integers(0, 30))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.tokens = min(self.limit.burst, self.tokens + seconds)

    @rule(cost=st.integers(1, 25))
    def take(self, cost: int) -> None:
        decision = self.limiter.take("k", self.limit, cost)
        assert decision.allowed == (cost <= self.tokens)
        if decision.allowed:
            self.tokens -= cost
            assert decision.retry_after_s == 0
        elif cost <= self.limit.burst:
            assert decision.retry_after_s == cost - self.tokens
        assert decision.remaining == self.tokens
        assert decision.reset_s == self.limit.burst - self.tokens

    @rule(cost=st.integers(1, 5), used=st.integers(0, 5))
    def reserve_and_settle(self, cost: int, used: int) -> None:
        want = Want("k", self.limit, cost)
        if used <= cost <= self.tokens:
            self.limiter.take_all([want])
            self.limiter.refund(want, used)
            self.tokens -= used

    @invariant()
    def never_more_than_the_burst(self) -> None:
        if hasattr(self, "tokens"):
            assert 0 <= self.tokens <= self.limit.burst


TestAgainstWholeTokens = AgainstWholeTokens.TestCase
TestAgainstWholeTokens.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

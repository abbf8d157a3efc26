"""What an operator sets by hand: trips, resets, and breakers that let everything through."""

from random import Random

import pytest

from tests.fakes.kernel.breaker_calls import fail, refused, succeed
from wattos_platform.kernel.resilience.breaker import (
    Action,
    Breaker,
    BreakerOpen,
    BreakerSettings,
    Cause,
    Order,
    State,
)


@pytest.fixture
def events():
    return []


@pytest.fixture
def breaker(clock, events):
    return Breaker("llm:openai", BreakerSettings(jitter=0), clock, rng=Random(1), on_event=events.append)


def test_a_trip_holds_until_reset(breaker, clock, events):
    breaker.trip(reason="provider's maintenance", actor="ops@x")
    shown = breaker.snapshot()
    assert (shown.state, shown.order) == (
        State.FORCED_OPEN, Order(Action.TRIP, "provider's maintenance", "ops@x"),
    )  # fmt: skip
    clock.advance(1e6)
    assert refused(breaker)
    breaker.reset(actor="ops@x")
    assert not refused(breaker)
    assert [(event.before, event.after, event.cause, event.order.actor) for event in events] == [
        (State.CLOSED, State.FORCED_OPEN, Cause.MANUAL, "ops@x"),
        (State.FORCED_OPEN, State.CLOSED, Cause.MANUAL, "ops@x"),
    ]


def test_a_trip_with_a_ttl_ends_in_a_probe(breaker, clock, events):
    breaker.trip(ttl_s=30)
    with pytest.raises(BreakerOpen) as refusal:
        breaker.allow()
    assert refusal.value.retry_after_s == 30
    clock.advance(30)
    succeed(breaker)
    assert [event.cause for event in events] == [Cause.MANUAL, Cause.TTL_ELAPSED, Cause.PROBES_PASSED]


def test_reset_clears_window_failures_and_grown_wait(breaker, clock):
    fail(breaker, 5)
    clock.advance(60)
    fail(breaker)
    breaker.reset()
    shown = breaker.snapshot()
    assert (shown.state, shown.calls, shown.consecutive_failures, shown.retry_after_s) == (
        State.CLOSED,
        0,
        0,
        0,
    )
    fail(breaker, 5)
    assert breaker.snapshot().retry_after_s == 60


@pytest.mark.parametrize(("action", "calls"), [(Action.DISABLE, 0), (Action.OBSERVE, 100)])
def test_disabled_and_metrics_only_refuse_nothing_and_begin_anew(breaker, action, calls):
    succeed(breaker, 3)
    breaker.obey(Order(action))
    fail(breaker, 100)
    assert not refused(breaker)
    assert breaker.snapshot().calls == calls


@pytest.mark.parametrize("action", [Action.DISABLE, Action.OBSERVE])
def test_what_lets_everything_through_for_a_time_ends_closed(breaker, clock, events, action):
    breaker.obey(Order(action, ttl_s=30))
    fail(breaker, 100)
    clock.advance(30)
    fail(breaker, 5)
    assert [(event.after, event.cause) for event in events[1:]] == [
        (State.CLOSED, Cause.TTL_ELAPSED),
        (State.OPEN, Cause.CONSECUTIVE_FAILURES),
    ]


def test_the_end_of_a_trip_shows_without_a_call(breaker, clock):
    breaker.trip(ttl_s=30)
    clock.advance(29)
    assert breaker.snapshot().state is State.FORCED_OPEN
    clock.advance(1)
    assert breaker.snapshot().state is State.HALF_OPEN

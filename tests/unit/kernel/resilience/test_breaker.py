"""The circuit breaker: each row of its table, and what the original got wrong."""

import asyncio
import gc
from random import Random

import pytest

from tests.fakes.kernel.breaker_calls import fail, refused, succeed
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.breaker import (
    Breaker,
    BreakerOpen,
    BreakerSettings,
    Cause,
    State,
)
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded

CALM = {"failure_threshold": 1000, "jitter": 0.0}


class RefusedError(Exception):
    def __init__(self, retry_after_s=None):
        super().__init__()
        self.retry_after_s = retry_after_s


@pytest.fixture
def events():
    return []


@pytest.fixture
def make(clock, events):
    def build(**settings):
        return Breaker(
            "llm:openai",
            BreakerSettings(**{"jitter": 0.0, **settings}),
            clock,
            rng=Random(1),
            on_event=events.append,
        )

    return build


def test_consecutive_failures_open_it(make, events):
    breaker = make()
    fail(breaker, 4)
    succeed(breaker)
    fail(breaker, 4)
    assert breaker.state is State.CLOSED
    fail(breaker)
    assert breaker.state is State.OPEN
    assert (events[0].cause, events[0].retry_after_s) == (Cause.CONSECUTIVE_FAILURES, 60)


@pytest.mark.parametrize("pattern", [pytest.param("SFF", id="defect-40")])
def test_a_dependency_that_fails_two_of_three_opens_it(make, events, pattern):
    breaker = make(failure_threshold=5)
    for letter in (pattern * 4)[:10]:
        (succeed if letter == "S" else fail)(breaker)
    assert breaker.state is State.OPEN
    assert events[0].cause is Cause.FAILURE_RATE


@pytest.mark.parametrize("seconds", [pytest.param(61, id="defect-40-window")])
def test_failures_leave_the_window(make, clock, seconds):
    breaker = make(**CALM)
    for _ in range(9):
        fail(breaker)
    clock.advance(seconds)
    succeed(breaker, 9)
    fail(breaker)
    assert breaker.state is State.CLOSED
    assert breaker.snapshot().calls == 10


def test_fewer_calls_than_the_minimum_open_nothing(make):
    breaker = make(**CALM, minimum_calls=10)
    fail(breaker, 9)
    assert breaker.state is State.CLOSED
    fail(breaker)
    assert breaker.state is State.OPEN


def test_slow_calls_open_it(make, clock, events):
    breaker = make(**CALM, slow_call_s=1.0, slow_call_rate=0.5)
    for number in range(10):
        permit = breaker.allow()
        clock.advance(1.0 if number % 2 else 0.1)
        breaker.success(permit)
    assert breaker.state is State.OPEN
    assert events[0].cause is Cause.SLOW_CALL_RATE


def test_a_window_by_count(make, clock):
    breaker = make(**CALM, window_calls=10)
    fail(breaker, 4)
    succeed(breaker, 6)
    clock.advance(10_000)
    assert breaker.state is State.CLOSED
    succeed(breaker, 4)
    assert breaker.snapshot().failure_rate == 0
    fail(breaker, 5)
    assert breaker.state is State.OPEN


async def test_a_thousand_calls_at_once_send_exactly_the_permitted_probes(make, clock):
    breaker = make(half_open_permits=3)
    fail(breaker, 5)
    clock.advance(60)
    reached = 0
    gate = asyncio.Event()

    async def backend():
        nonlocal reached
        reached += 1
        await gate.wait()

    tasks = [asyncio.create_task(breaker.call(backend)) for _ in range(1000)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert reached == 3
    assert sum(isinstance(result, BreakerOpen) for result in results) == 997
    assert breaker.state is State.CLOSED


def test_a_failed_probe_opens_it_again_and_the_wait_grows_to_its_cap(make, clock, events):
    breaker = make(wait_growth=2, wait_cap_s=200)
    fail(breaker, 5)
    waits = []
    for _ in range(4):
        waits.append(breaker.snapshot().retry_after_s)
        clock.advance(waits[-1] - 0.001)
        assert refused(breaker)
        clock.advance(0.002)
        fail(breaker)
    assert waits == [60, 120, 200, 200]
    clock.advance(200)
    succeed(breaker)
    fail(breaker, 5)
    assert breaker.snapshot().retry_after_s == 60


def test_waits_are_spread(clock):
    waits = set()
    for seed in range(20):
        breaker = Breaker("x", BreakerSettings(jitter=0.1), clock, rng=Random(seed))
        fail(breaker, 5)
        waits.add(breaker.snapshot().retry_after_s)
    assert len(waits) == 20
    assert all(54 <= wait <= 66 for wait in waits)


def test_retry_after_opens_for_exactly_that_long(make, clock, events):
    breaker = make()
    fail(breaker, error=RefusedError(7.5))
    assert (events[0].cause, events[0].retry_after_s) == (Cause.RETRY_AFTER, 7.5)
    clock.advance(7.4)
    assert refused(breaker)
    clock.advance(0.1)
    assert not refused(breaker)


def test_retry_after_from_a_probe_counts_too(make, clock):
    breaker = make()
    fail(breaker, 5)
    clock.advance(60)
    fail(breaker, error=RefusedError(3))
    assert breaker.snapshot().retry_after_s == 3


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ServiceError(404, "not_found", "m"), id="defect-41-4xx"),
        pytest.param(ServiceError(401, "no_key", "m"), id="defect-41-missing-key"),
        pytest.param(DeadlineExceeded("x"), id="own-deadline"),
        pytest.param(asyncio.CancelledError(), id="cancelled-client"),
        pytest.param(BreakerOpen("other", 1), id="another-breaker"),
        pytest.param(GeneratorExit(), id="abandoned-generator"),
    ],
)
def test_what_says_nothing_of_the_upstream_is_ignored(make, clock, error):
    breaker = make()
    fail(breaker, 20, error)
    assert (breaker.state, breaker.ignored, breaker.snapshot().calls) == (State.CLOSED, 20, 0)
    fail(breaker, 5)
    clock.advance(60)
    fail(breaker, 1, error)
    assert breaker.state is State.HALF_OPEN
    assert not refused(breaker)


def test_a_result_can_be_a_failure(make):
    breaker = make(failure_threshold=1, is_failed_result=lambda status: status >= 500)

    async def answer():
        return 503

    assert asyncio.run(breaker.call(answer)) == 503
    assert breaker.state is State.OPEN


async def test_a_failed_result_can_say_for_how_long(make):
    class Answer:
        status = 429
        retry_after_s = 12.5

    breaker = make(is_failed_result=lambda answer: answer.status == 429)

    async def answer():
        return Answer()

    await breaker.call(answer)
    assert (breaker.state, breaker.snapshot().retry_after_s) == (State.OPEN, 12.5)


def test_a_long_stream_with_a_quick_first_byte_is_not_slow(make, clock):
    breaker = make(**CALM, slow_call_s=1.0, slow_call_rate=0.5)
    for _ in range(20):
        permit = breaker.allow()
        clock.advance(30)
        breaker.success(permit, took_s=0.2)
    assert breaker.snapshot().slow_call_rate == 0


def test_who_is_refused_by_a_probe_under_way_is_told_to_come_back_soon(make, clock):
    breaker = make(half_open_max_s=60)
    fail(breaker, 5)
    clock.advance(60)
    breaker.allow()
    with pytest.raises(BreakerOpen) as refusal:
        breaker.allow()
    assert refusal.value.retry_after_s == 1


@pytest.mark.parametrize("max_s", [pytest.param(30, id="defect-42")])
def test_a_probe_that_never_reports_gives_its_permit_back(make, clock, max_s):
    breaker = make(half_open_max_s=max_s)
    fail(breaker, 5)
    clock.advance(60)
    lost = breaker.allow()
    clock.advance(max_s - 1)
    assert refused(breaker)
    assert breaker.snapshot().state is State.HALF_OPEN
    clock.advance(1)
    permit = breaker.allow()
    breaker.failure(ConnectionError(), lost)
    assert breaker.state is State.HALF_OPEN
    breaker.success(permit)
    assert breaker.state is State.CLOSED


async def test_a_cancelled_probe_gives_its_permit_back(make, clock):
    breaker = make()
    fail(breaker, 5)
    clock.advance(60)
    task = asyncio.create_task(breaker.call(lambda: asyncio.sleep(60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not refused(breaker)


def test_a_late_result_from_before_the_opening_decides_nothing(make, clock):
    breaker = make()
    late = [breaker.allow() for _ in range(3)]
    clock.advance(1)
    fail(breaker, 5)
    until = breaker.snapshot().retry_after_s
    clock.advance(30)
    breaker.failure(ConnectionError(), late[0])
    assert breaker.snapshot().retry_after_s == until - 30
    clock.advance(30)
    probe = breaker.allow()
    breaker.failure(ConnectionError(), late[1])
    breaker.success(late[2])
    assert breaker.state is State.HALF_OPEN
    breaker.success(probe)
    assert breaker.state is State.CLOSED


async def test_call_returns_results_and_raises_errors(make):
    breaker = make()

    async def work():
        return 7

    async def bad():
        raise KeyError("k")

    assert await breaker.call(work) == 7
    with pytest.raises(KeyError):
        await breaker.call(bad)
    assert (breaker.total_successes, breaker.total_failures) == (1, 1)


def test_nothing_is_kept_of_calls_gone_by(make):
    breaker = make()
    succeed(breaker, 100)
    gc.collect()
    before = len(gc.get_objects())
    succeed(breaker, 1000)
    gc.collect()
    assert len(gc.get_objects()) - before < 50


@pytest.mark.parametrize(
    "settings",
    [
        {"failure_threshold": 0},
        {"failure_rate": 0},
        {"failure_rate": 1.5},
        {"half_open_permits": 0},
        {"slow_call_s": 0},
        {"wait_cap_s": float("nan")},
        {"jitter": 1},
        {"wait_growth": 0.5},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"{name} must be"):
        BreakerSettings(**settings)

"""Retries with jitter, budget, Retry-After and deadline."""

import asyncio
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.kernel import context
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops.errors import HopUnavailable
from wattos_platform.kernel.resilience.breaker import BreakerOpen
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded, remaining_s
from wattos_platform.kernel.resilience.retry import (
    Retry,
    RetryBudget,
    RetrySettings,
    delay_s,
    worth_retrying,
)
from wattos_platform.kernel.resilience.retry_after import parse_retry_after


class TooManyError(ServiceError):
    def __init__(self, retry_after_s: float) -> None:
        super().__init__(429, "rate_limited", "slow down")
        self.retry_after_s = retry_after_s


@pytest.fixture
def retry(clock, meter):
    return Retry("llm", RetrySettings(), monotonic=clock, sleep=clock.sleep, rng=Random(1), meter=meter)


def failing(*errors: Exception):
    attempts = []
    left = list(errors)

    async def work(attempt: int) -> str:
        attempts.append(attempt)
        if left:
            raise left.pop(0)
        return "done"

    return work, attempts


async def test_a_call_that_recovers_is_answered(retry, clock, meter):
    work, attempts = failing(ConnectionError(), TimeoutError())
    assert await retry.call(work) == "done"
    assert attempts == [0, 1, 2]
    assert len(clock.sleeps) == 2
    assert meter.total("retry_attempts_total", target="llm", outcome="failure") == 1
    assert meter.total("retry_attempts_total", target="llm", outcome="success") == 1


async def test_the_last_error_comes_out(retry):
    work, attempts = failing(*[ConnectionError(str(n)) for n in range(9)])
    with pytest.raises(ConnectionError, match="2"):
        await retry.call(work)
    assert attempts == [0, 1, 2]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (HopUnavailable("rag", "timeout"), True),
        (ServiceError(429, "rate_limited", "m"), True),
        (ServiceError(502, "bad", "m"), True),
        (ServiceError(500, "bug", "m"), False),
        (ServiceError(404, "not_found", "m"), False),
        (HopUnavailable("rag", "breaker_open"), False),
        (BreakerOpen("x", 1), False),
        (DeadlineExceeded("x"), False),
        (KeyError(), False),
    ],
    ids=lambda value: getattr(value, "code", repr(value)),
)
def test_what_is_worth_retrying(error, again):
    assert worth_retrying(error) is again


async def test_what_cannot_go_well_is_not_retried(retry, clock):
    work, attempts = failing(ServiceError(400, "bad", "m"))
    with pytest.raises(ServiceError):
        await retry.call(work)
    assert (attempts, clock.sleeps) == ([0], [])


@pytest.mark.parametrize("floor_s", [pytest.param(5.0, id="defect-43-retry-after")])
async def test_retry_after_is_the_least_wait(retry, clock, floor_s):
    work, _ = failing(TooManyError(floor_s))
    await retry.call(work)
    assert clock.sleeps == [floor_s]


async def test_a_wait_beyond_the_deadline_fails_at_once(retry, clock):
    work, attempts = failing(TooManyError(5))
    with pytest.raises(TooManyError):
        await retry.call(work, deadline=clock() + 5)
    assert (attempts, clock.sleeps) == ([0], [])


@pytest.mark.parametrize(("attempt", "attempts"), [(0, [0, 1]), (1, [0])])
async def test_a_request_that_is_itself_a_retry_is_tried_once(retry, attempt, attempts):
    request = context.RequestContext("request-1", "ab" * 16, "cd" * 8, deadline=inf, attempt=attempt)
    context.enter(request)
    work, seen = failing(ConnectionError())
    await asyncio.gather(retry.call(work), return_exceptions=True)
    assert seen == attempts


async def test_a_retry_of_a_retry_is_not_retried(retry):
    work, attempts = failing(ConnectionError())
    with pytest.raises(ConnectionError):
        await retry.call(work, max_attempts=1)
    assert attempts == [0]


@pytest.mark.parametrize("calls", [pytest.param(1000, id="defect-43-budget")])
async def test_at_total_failure_the_upstream_sees_at_most_a_fifth_more(clock, meter, calls):
    settings = RetrySettings(base_s=0.001)
    retry = Retry("llm", settings, monotonic=clock, sleep=clock.sleep, rng=Random(1), meter=meter)
    seen = 0

    async def work(_attempt: int) -> None:
        nonlocal seen
        seen += 1
        raise ConnectionError

    for _ in range(calls):
        with pytest.raises(ConnectionError):
            await retry.call(work)
    assert calls < seen <= 1.2 * calls + settings.budget_floor
    assert meter.total("retry_budget_exhausted_total", target="llm") > 0


def test_the_budget_comes_back_when_the_window_has_passed():
    budget = RetryBudget(RetrySettings(budget_floor=2))
    assert [budget.take(0), budget.take(0), budget.take(0)] == [True, True, False]
    assert budget.take(11)


@given(st.integers(1, 60), st.integers(0, 2**32))
@pytest.mark.parametrize("settings", [pytest.param(RetrySettings(), id="defect-43-jitter")])
def test_the_delay_is_spread_from_nothing_to_the_cap(settings, attempt, seed):
    assert 0 <= delay_s(attempt, settings, Random(seed)) <= min(30, 0.2 * 2 ** (attempt - 1))


@pytest.mark.parametrize("clients", [pytest.param(50, id="defect-43-jitter")])
def test_two_clients_do_not_wait_alike(clients):
    assert len({delay_s(3, RetrySettings(), Random(seed)) for seed in range(clients)}) == clients


def test_retries_count_from_one():
    with pytest.raises(ValueError, match="count from 1"):
        delay_s(0, RetrySettings(), Random())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("999999", 3600.0),
        ("1" * 400, None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:01:40", 40.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600.0),
        ("Thu, 99 Jan 1970 00:00:01 GMT", None),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("²", None),
        (None, None),
    ],
)
def test_retry_after(header, seconds):
    assert parse_retry_after(header, now=60.0) == seconds


@given(st.text(max_size=60), st.floats(0, 4e9))
def test_no_header_breaks_the_reader(header, now):
    wait = parse_retry_after(header, now)
    assert wait is None or 0 <= wait <= 3600


@pytest.mark.parametrize(("left", "allowed"), [(0.051, True), (0.049, False), (-1, False)])
def test_nothing_starts_with_less_than_50_ms(left, allowed):
    if allowed:
        assert 0 < remaining_s(10 + left, 10, "x") < left
    else:
        with pytest.raises(DeadlineExceeded):
            remaining_s(10 + left, 10, "x")

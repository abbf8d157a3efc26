"""Places among the calls under way: taken, waited for, shed, given back, and what is learned from them."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeMeter
from wattos_platform.kernel.resilience.breaker import counts_as_failure
from wattos_platform.kernel.resilience.concurrency import ConcurrencyLimit, Shed
from wattos_platform.kernel.resilience.concurrency_registry import ConcurrencyLimits
from wattos_platform.kernel.resilience.gradient import MAX_KINDS, GradientSettings

WAIT_S = 0.05


def fixed(size: int, clock: FakeClock) -> ConcurrencyLimit:
    return ConcurrencyLimit("hop:rag", GradientSettings(size, size), clock)


def adaptive(clock: FakeClock, **settings: float) -> ConcurrencyLimit:
    return ConcurrencyLimit("hop:rag", GradientSettings(**{"minimum": 2, "maximum": 40, **settings}), clock)


def calls(limit: ConcurrencyLimit, clock: FakeClock, count: int, took_s: float, rounds: int = 1) -> None:
    """Make rounds of `count` calls at once that take `took_s` each."""
    for _ in range(rounds):
        permits = [limit.try_acquire() for _ in range(count)]
        clock.advance(took_s)
        for permit in permits:
            if permit is not None:
                permit.answered()
                permit.end()


async def test_who_finds_no_place_is_shed_in_time_and_no_breaker_counts_it(clock):
    limit = fixed(1, clock)
    permit = await limit.acquire(WAIT_S)
    with pytest.raises(Shed) as shed:
        await limit.acquire(WAIT_S)
    assert (shed.value.status, shed.value.code, shed.value.error_type) == (
        503,
        "overloaded",
        "platform_overloaded",
    )
    assert shed.value.headers == {"Retry-After": "1"}
    assert not counts_as_failure(shed.value)
    assert (limit.shed, limit.in_flight, limit.open) == (1, 1, 1)
    permit.end()
    assert (limit.in_flight, limit.open) == (0, 0)


async def test_places_go_to_those_who_wait_in_order(clock):
    limit = fixed(1, clock)
    first = await limit.acquire(WAIT_S)
    got: list[int] = []

    async def wait(number: int) -> None:
        permit = await limit.acquire(5)
        got.append(number)
        await asyncio.sleep(0)
        permit.end()

    tasks = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    first.end()
    await asyncio.gather(*tasks)
    assert got == [0, 1, 2]
    assert (limit.in_flight, limit.open, limit.shed) == (0, 0, 0)


async def test_a_cancelled_waiter_takes_no_place_and_loses_none(clock):
    limit = fixed(1, clock)
    first = await limit.acquire(WAIT_S)
    leaver, stayer = (asyncio.create_task(limit.acquire(5)) for _ in range(2))
    await asyncio.sleep(0)
    leaver.cancel()
    first.end()
    permit = await stayer
    assert leaver.cancelled()
    permit.end()
    assert (limit.in_flight, limit.open) == (0, 0)


async def test_a_place_handed_to_a_waiter_that_is_being_cancelled_goes_on(clock):
    limit = fixed(1, clock)
    first = await limit.acquire(WAIT_S)
    leaver, stayer = (asyncio.create_task(limit.acquire(5)) for _ in range(2))
    await asyncio.sleep(0)
    first.end()
    leaver.cancel()
    (await stayer).end()
    assert (limit.in_flight, limit.open) == (0, 0)


async def test_where_waiting_would_be_in_vain_nobody_waits(clock):
    limit = fixed(1, clock)
    held = await limit.acquire(0)
    line = [asyncio.create_task(limit.acquire(60)) for _ in range(30)]
    await asyncio.sleep(0)
    # One place in a second: the line moves by one each second.
    for turn in line[:25]:
        clock.advance(1)
        held.end()
        held = await turn
    with pytest.raises(Shed):
        # Five are ahead, two seconds would not do. Were it waited for, this test would take too long.
        await asyncio.wait_for(limit.acquire(2), 20)
    assert limit.shed == 1
    waiting = asyncio.create_task(limit.acquire(10))
    await asyncio.sleep(0)
    assert not waiting.done()
    for turn in (waiting, *line[25:]):
        turn.cancel()
    held.end()


def test_an_answer_under_way_holds_a_connection_but_no_place(clock):
    limit = adaptive(clock, minimum=2, maximum=3)
    streams = [limit.try_acquire() for _ in range(2)]
    for permit in streams:
        assert permit is not None
        permit.answered()
    assert (limit.in_flight, limit.open) == (0, 2)
    third = limit.try_acquire()
    assert third is not None
    assert limit.try_acquire() is None
    for permit in (*streams, third):
        assert permit is not None
        permit.end()
    assert (limit.in_flight, limit.open) == (0, 0)


def test_a_permit_ends_once(clock):
    limit = fixed(2, clock)
    permit = limit.try_acquire()
    assert permit is not None
    with permit:
        permit.answered()
        permit.answered()
    permit.end()
    permit.dropped()
    permit.answered()
    assert (limit.in_flight, limit.open) == (0, 0)


def test_streams_of_minutes_do_not_lower_the_limit(clock):
    limit = adaptive(clock)
    for _ in range(200):
        permit = limit.try_acquire()
        assert permit is not None
        clock.advance(0.01)
        permit.answered()
        clock.advance(120)
        permit.end()
    assert limit.limit == 40


def test_time_outs_lower_the_limit_and_answers_lift_it_again(clock):
    limit = adaptive(clock)
    calls(limit, clock, 1, 0.05, rounds=30)
    for _ in range(200):
        permit = limit.try_acquire()
        assert permit is not None
        clock.advance(0.05)
        permit.dropped()
        permit.end()
    assert limit.limit < 20
    lowered = limit.limit
    calls(limit, clock, lowered, 0.05, rounds=60)
    assert limit.limit > lowered


def test_cancelled_calls_say_nothing(clock):
    limit = adaptive(clock)
    calls(limit, clock, 2, 0.05, rounds=20)
    for _ in range(500):
        permits = [limit.try_acquire() for _ in range(40)]
        clock.advance(30)
        for permit in permits:
            assert permit is not None
            permit.end()
    assert limit.limit == 40


@pytest.mark.parametrize(
    ("took_s", "lowered"), [(0.02, False), (2.0, True)], ids=["sooner-than-usual", "later-than-usual"]
)
def test_a_deadline_of_our_own_counts_only_where_calls_take_longer_than_usual(clock, took_s, lowered):
    limit = adaptive(clock)
    calls(limit, clock, 2, 0.1, rounds=20)
    for _ in range(10):
        permits = [limit.try_acquire() for _ in range(limit.limit)]
        clock.advance(took_s)
        for permit in permits:
            assert permit is not None
            permit.gave_up()
            permit.end()
    assert (limit.limit < 40) is lowered


def test_calls_of_different_kinds_are_not_taken_for_slow_ones(clock):
    limit = adaptive(clock)

    def mixed(slow: int) -> None:
        permits = [limit.try_acquire("model" if number < slow else "list") for number in range(40)]
        for kind, took_s in (("list", 0.005), ("model", 2.0)):
            clock.advance(took_s)
            for permit in permits:
                if permit is not None and permit.kind == kind:
                    permit.answered()
                    permit.end()

    for _ in range(20):
        mixed(slow=5)
    for _ in range(20):
        mixed(slow=35)
    assert limit.limit >= 36


def test_invented_kinds_share_one_baseline(clock):
    limit = adaptive(clock)
    for number in range(3 * MAX_KINDS):
        permit = limit.try_acquire(f"kind-{number}")
        assert permit is not None
        clock.advance(0.01)
        permit.answered()
        permit.end()
    assert len(limit._gradient._kinds) <= MAX_KINDS + 1


@pytest.mark.parametrize("settings", [(0, 10, 1.5), (11, 10, 1.5), (1, 10, 1.0)])
def test_settings_that_cannot_work_are_refused(settings):
    minimum, maximum, tolerance = settings
    with pytest.raises(ValueError, match=r"range|tolerance"):
        GradientSettings(minimum, maximum, tolerance)


STEPS = st.lists(st.tuples(st.sampled_from(["take", "answer", "drop", "give_up", "end"]), st.floats(0, 5)))


@given(STEPS)
def test_whatever_happens_the_counts_are_those_of_the_calls(steps):
    clock = FakeClock()
    limit = adaptive(clock, maximum=6)
    running: list = []
    for step, seconds in steps:
        clock.advance(seconds)
        if step == "take":
            permit = limit.try_acquire()
            if permit is not None:
                running.append(permit)
                assert limit.in_flight <= limit.limit
        elif running:
            permit = running[0]
            {"answer": permit.answered, "drop": permit.dropped, "give_up": permit.gave_up}.get(
                step, lambda: running.pop(0).end()
            )()
        assert limit.open == len(running) <= 6
        assert 2 <= limit.limit <= 6
    for permit in running:
        permit.end()
    assert (limit.in_flight, limit.open) == (0, 0)


async def test_the_registry_tells_the_meter(clock):
    meter = FakeMeter()
    limits = ConcurrencyLimits(GradientSettings(1, 1), monotonic=clock, clock=clock, meter=meter)
    limit = limits.get("hop:rag")
    assert limits.get("hop:rag") is limit
    assert (limit.limit, limits.get("llm:x", maximum=7).limit) == (1, 7)
    held = await limit.acquire(WAIT_S)
    with pytest.raises(Shed):
        await limit.acquire(WAIT_S)
    waiting = asyncio.create_task(limit.acquire(5))
    await asyncio.sleep(0)
    held.end()
    await waiting
    limits.publish()
    limits.publish()
    shown = {
        name: meter.total(name, target="hop:rag")
        for name in ("concurrency_limit", "concurrency_in_flight", "concurrency_open", "shed_total")
    }
    assert shown == {
        "concurrency_limit": 1,
        "concurrency_in_flight": 1,
        "concurrency_open": 1,
        "shed_total": 1,
    }
    assert meter.count("concurrency_wait_seconds", target="hop:rag") == 1

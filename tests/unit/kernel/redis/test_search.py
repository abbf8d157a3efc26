"""Looking for a Redis that has gone: what is asked, what the breaker hears, when it ends."""

import asyncio

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog
from wattos_platform.kernel.redis.search import Search
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerSettings, State

SETTINGS = BreakerSettings(failure_threshold=3, reset_timeout_s=1.0, jitter=0.0)


class Redis:
    """Answers the attempts after `silent` ones."""

    def __init__(self, silent: int) -> None:
        self.silent = silent
        self.asked = 0

    async def ping(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.asked <= self.silent:
            raise ConnectionRefusedError(111, "Connection refused")


async def found(search: Search) -> None:
    async with asyncio.timeout(30):
        while search.reason:
            await asyncio.sleep(0)


async def test_it_asks_until_redis_answers_and_waits_as_long_as_the_breaker_wants() -> None:
    clock = FakeClock()
    breaker, redis = Breaker("redis:main", SETTINGS, clock), Redis(silent=4)
    search = Search(breaker, redis.ping, pause_s=0.1, log=FakeLog(), sleep=clock.sleep)
    search.begin("no answer in time")
    assert search.reason == "no answer in time"
    await found(search)
    assert (redis.asked, breaker.state, breaker.total_failures) == (5, State.CLOSED, 4)
    assert clock.now - 1000 >= 2.0, "three attempts open the breaker, and two waits of a second follow"


async def test_beginning_twice_is_one_search_with_the_newer_reason() -> None:
    clock, redis = FakeClock(), Redis(silent=2)
    search = Search(
        Breaker("redis:main", SETTINGS, clock), redis.ping, pause_s=0.1, log=FakeLog(), sleep=clock.sleep
    )
    search.begin("no answer in time")
    search.begin("Connection refused")
    assert search.reason == "Connection refused"
    await found(search)
    assert redis.asked == 3
    search.begin("no answer in time")
    await found(search)
    assert redis.asked == 4


async def test_a_breaker_that_was_tripped_by_hand_is_obeyed_until_it_is_reset() -> None:
    clock, redis = FakeClock(), Redis(silent=0)
    breaker = Breaker("redis:main", SETTINGS, clock)

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        if len(clock.sleeps) == 3:
            breaker.reset()

    search = Search(breaker, redis.ping, pause_s=0.1, log=FakeLog(), sleep=sleep)
    breaker.trip(reason="drill")
    search.begin("no answer in time")
    await found(search)
    assert (redis.asked, len(clock.sleeps)) == (1, 3)
    assert max(clock.sleeps) <= 1.0, "a reset by hand is found within a second"


async def test_closing_gives_the_permit_back() -> None:
    clock, asked = FakeClock(), asyncio.Event()
    breaker = Breaker("redis:main", SETTINGS, clock)

    async def silent() -> None:
        asked.set()
        await asyncio.Event().wait()

    search = Search(breaker, silent, pause_s=0.1, log=FakeLog())
    breaker.trip(ttl_s=1)
    clock.advance(2)
    search.begin("no answer in time")
    await asked.wait()
    await search.close()
    assert breaker.allow() == clock()


class FailingBreaker(Breaker):
    """Breaks whoever asks it first."""

    broken = False

    def allow(self) -> float:
        if not self.broken:
            self.broken = True
            raise ValueError("cannot count")
        return super().allow()


async def test_a_search_that_breaks_off_is_told_and_goes_on() -> None:
    clock, redis, log = FakeClock(), Redis(silent=1), FakeLog()
    search = Search(
        FailingBreaker("redis:main", SETTINGS, clock), redis.ping, pause_s=0.1, log=log, sleep=clock.sleep
    )
    search.begin("no answer in time")
    await found(search)
    assert redis.asked == 2
    assert log.failures() == [("redis-search", "cannot count")]


async def test_a_search_that_is_over_is_silent() -> None:
    clock, redis, log = FakeClock(), Redis(silent=1), FakeLog()
    search = Search(
        Breaker("redis:main", SETTINGS, clock), redis.ping, pause_s=0.1, log=log, sleep=clock.sleep
    )
    search.begin("no answer in time")
    await found(search)
    await search.close()
    assert log.events == []

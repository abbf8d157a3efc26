"""Orders reach every replica that has such a breaker: at once, after a restart, unannounced."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog
from tests.fakes.kernel.trip_board import MemoryBoards
from wattos_platform.kernel.resilience.breaker import (
    Action,
    BreakerRegistry,
    BreakerSettings,
    Order,
    UnknownBreakerError,
)
from wattos_platform.kernel.resilience.breaker_control import BreakerControl
from wattos_platform.kernel.resilience.trip_board import NoTripBoard

TRIP = Order(Action.TRIP, "drill", "ann@box", 30.0)
RESET = Order(Action.RESET, "over", "bob@box")
SOON_S = 10.0


class Replica:
    """The breakers of one process and what steers them."""

    def __init__(self, service: str, names: list[str], boards: MemoryBoards, clock: FakeClock) -> None:
        self.log = FakeLog()
        self.clock = clock
        self.breakers = BreakerRegistry(
            BreakerSettings(), clock=clock, wall_clock=lambda: 1_800_000_000.0, log=self.log
        )
        for name in names:
            self.breakers.declare(name)
        self.control = BreakerControl(
            self.breakers,
            boards.board(),
            service=service,
            log=self.log,
            wall_clock=lambda: 1_800_000_000.0,
            poll_s=0.02,
        )

    def state(self, name: str) -> str | None:
        breaker = self.breakers.find(name)
        return None if breaker is None else str(breaker.snapshot().state)

    def events(self) -> list[str]:
        return [event for _, event, _ in self.log.events]

    async def becomes(self, name: str, state: str) -> None:
        async with asyncio.timeout(SOON_S):
            while self.state(name) != state:
                await asyncio.sleep(0.001)


class House:
    """Replicas that share boards; `start` adds one that is running."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.clock = FakeClock()
        self.boards = MemoryBoards(self.clock)
        self._stack = stack

    async def start(self, service: str, *names: str) -> Replica:
        replica = Replica(service, list(names), self.boards, self.clock)
        await self._stack.enter_async_context(replica.control.following())
        return replica


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield House(stack)


async def settled() -> None:
    """Let every replica look at the board a few times."""
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("deaf", [False, True], ids=["announced", "polled"])
async def test_an_order_reaches_every_replica_that_has_the_breaker(house: House, deaf: bool) -> None:
    house.boards.deaf = deaf
    one = await house.start("llm-gateway", "llm:openai")
    two = await house.start("llm-gateway", "llm:openai")
    chat = await house.start("chat", "hop:rag")
    given = await one.control.give("llm:openai", TRIP, "platform")
    assert (given.shared, given.problem, one.state("llm:openai")) == (True, "", "forced_open")
    await two.becomes("llm:openai", "forced_open")
    order = two.breakers.declare("llm:openai").snapshot().order
    assert order is not None
    assert (order.reason, order.actor, order.expires_at) == ("drill", "ann@box", 1_800_000_030.0)
    assert two.events() == ["breaker.tripped"]
    assert chat.state("llm:openai") is None
    await two.control.give("llm:openai", RESET, "platform")
    await one.becomes("llm:openai", "closed")
    assert one.events() == ["breaker.tripped", "breaker.reset"]


async def test_an_order_for_a_service_reaches_its_replicas_alone(house: House) -> None:
    chat, chat1, agent = [await house.start(name, "hop:rag") for name in ("chat", "chat", "agent")]
    await chat.control.give("hop:rag", TRIP, "service")
    await chat1.becomes("hop:rag", "forced_open")
    await settled()
    assert agent.state("hop:rag") == "closed"


async def test_an_order_for_one_replica_stays_there(house: House) -> None:
    chat, chat1 = [await house.start("chat", "hop:rag") for _ in range(2)]
    assert not (await chat.control.give("hop:rag", TRIP, "replica")).shared
    await settled()
    assert (chat.state("hop:rag"), chat1.state("hop:rag")) == ("forced_open", "closed")


async def test_a_replica_that_starts_obeys_what_stands_with_the_time_that_is_left(house: House) -> None:
    one = await house.start("llm-gateway", "llm:openai")
    await one.control.give("llm:openai", TRIP, "platform")
    house.clock.advance(20)
    later = await house.start("llm-gateway", "llm:openai")
    assert later.state("llm:openai") == "forced_open"
    house.clock.advance(9)
    assert later.state("llm:openai") == "forced_open"
    house.clock.advance(1)
    assert later.state("llm:openai") == "half_open"
    latest = await house.start("llm-gateway", "llm:openai")
    assert (latest.state("llm:openai"), latest.events()) == ("closed", [])


async def test_a_replica_that_starts_has_nothing_to_reset(house: House) -> None:
    one = await house.start("llm-gateway", "llm:openai")
    await one.control.give("llm:openai", TRIP, "platform")
    await one.control.give("llm:openai", RESET, "platform")
    later = await house.start("llm-gateway", "llm:openai")
    assert (later.state("llm:openai"), later.events()) == ("closed", [])


async def test_the_newer_of_two_orders_holds(house: House) -> None:
    chat = await house.start("chat", "hop:rag")
    await chat.control.give("hop:rag", TRIP, "platform")
    await chat.control.give("hop:rag", RESET, "service")
    chat1 = await house.start("chat", "hop:rag")
    agent = await house.start("agent", "hop:rag")
    assert (chat1.state("hop:rag"), agent.state("hop:rag")) == ("closed", "forced_open")


async def test_hearing_of_an_order_twice_is_hearing_of_it_once(house: House) -> None:
    one = await house.start("llm-gateway", "llm:openai")
    two = await house.start("llm-gateway", "llm:openai")
    order = Order(Action.TRIP, "drill", "ann@box", 30.0, id="the-same")
    await one.control.give("llm:openai", order, "platform")
    await two.becomes("llm:openai", "forced_open")
    await two.control.give("llm:openai", order, "platform")
    await settled()
    assert (one.events(), two.events()) == (["breaker.tripped"], ["breaker.tripped"])


async def test_an_order_obeyed_here_is_not_undone_by_an_older_one_of_the_board(house: House) -> None:
    chat, other = [await house.start("chat", "hop:rag", "hop:elsewhere") for _ in range(2)]
    await other.control.give("hop:rag", TRIP, "platform")
    await chat.becomes("hop:rag", "forced_open")
    await chat.control.give("hop:rag", RESET, "replica")
    await other.control.give("hop:elsewhere", TRIP, "platform")
    await other.becomes("hop:elsewhere", "forced_open")
    await settled()
    assert chat.state("hop:rag") == "closed"


async def test_a_breaker_that_can_exist_is_made_for_an_order_from_the_board(house: House) -> None:
    agents = [await house.start("agent") for _ in range(2)]
    for agent in agents:
        agent.breakers.admit("tool", lambda host: host == "jira.example")
    await agents[0].control.give("tool:jira.example", TRIP, "platform")
    await agents[1].becomes("tool:jira.example", "forced_open")


async def test_an_unknown_breaker_is_refused_and_not_posted(house: House) -> None:
    chat = await house.start("chat", "hop:rag")
    with pytest.raises(UnknownBreakerError):
        await chat.control.give("llm:openai", TRIP, "platform")
    assert house.boards.sequence == 0


async def test_while_the_board_is_down_orders_hold_here_and_the_others_learn_afterwards(house: House) -> None:
    one = await house.start("llm-gateway", "llm:openai")
    two = await house.start("llm-gateway", "llm:openai")
    house.boards.down = True
    await settled()
    given = await one.control.give("llm:openai", TRIP, "platform")
    assert (given.shared, given.problem, one.state("llm:openai")) == (False, "down", "forced_open")
    assert two.state("llm:openai") == "closed"
    late = await house.start("llm-gateway", "llm:openai")
    assert late.state("llm:openai") == "closed"
    house.boards.down = False
    await settled()
    assert two.events() == ["trip_board.lost", "trip_board.found"]
    await one.control.give("llm:openai", Order(Action.TRIP, "again", "ann@box"), "platform")
    await two.becomes("llm:openai", "forced_open")


async def test_a_board_that_lost_everything_is_followed_from_its_new_beginning(house: House) -> None:
    one = await house.start("llm-gateway", "llm:openai", "llm:azure")
    two = await house.start("llm-gateway", "llm:openai", "llm:azure")
    for _ in range(5):
        await one.control.give("llm:openai", TRIP, "platform")
    await two.becomes("llm:openai", "forced_open")
    house.boards.empty()
    await settled()
    assert two.state("llm:openai") == "forced_open"
    await one.control.give("llm:azure", TRIP, "platform")
    await two.becomes("llm:azure", "forced_open")
    await one.control.give("llm:openai", RESET, "platform")
    await two.becomes("llm:openai", "closed")


async def test_without_a_board_orders_hold_here(house: House) -> None:
    chat = Replica("chat", ["hop:rag"], house.boards, house.clock)
    control = BreakerControl(
        chat.breakers, NoTripBoard(), service="chat", log=chat.log, wall_clock=lambda: 0.0
    )
    async with control.following():
        given = await control.give("hop:rag", TRIP, "platform")
    assert (given.shared, given.problem, chat.state("hop:rag")) == (False, "", "forced_open")

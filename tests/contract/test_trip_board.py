"""The board of orders: memory and Redis alike, one suite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

import pytest

from tests.fakes.kernel.meter import FakeLog
from tests.fakes.kernel.trip_board import MAX_ORDERS, MemoryBoards
from tests.fakes.redis.clients import redis_client
from tests.fakes.redis.server import RedisServer, redis_server
from wattos_platform.contracts.breakers import MAX_TTL_S
from wattos_platform.kernel.redis.trip_board import RedisTripBoard
from wattos_platform.kernel.resilience.breaker import Action, Order
from wattos_platform.kernel.resilience.trip_board import BoardUnavailableError, Posted, TripBoard


@dataclass
class Pair:
    """Two replicas' views of one board."""

    one: TripBoard
    other: TripBoard


@pytest.fixture(params=["memory", "redis"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    if request.param == "memory":
        boards = MemoryBoards()
        yield Pair(boards.board(), boards.board())
        return
    server: RedisServer = request.getfixturevalue("shared_redis")
    async with redis_client(server.url) as first, redis_client(server.url) as second:
        await first.execute("FLUSHDB")
        one, other = RedisTripBoard(first, FakeLog()), RedisTripBoard(second, FakeLog())
        yield Pair(one, other)
        await one.close()
        await other.close()


def posted(name: str = "llm:openai", service: str = "", *, ttl_s: float = 30.0, id_: str = "1") -> Posted:
    return Posted(name, service, Order(Action.TRIP, "drill", "ann@box", ttl_s, 1_800_000_000.5, id_))


async def shown(board: TripBoard) -> list[tuple[str, str, str]]:
    return [(each.name, each.service, each.order.id) for each in await board.standing()]


async def test_an_empty_board(pair: Pair) -> None:
    assert await pair.one.latest() == 0
    assert await pair.one.standing() == []
    assert pair.one.shared


async def test_what_one_posts_the_other_reads(pair: Pair) -> None:
    sequence = await pair.one.post(posted())
    assert (sequence, await pair.other.latest()) == (1, 1)
    (read,) = await pair.other.standing()
    order = read.order
    assert (read.name, read.service, read.sequence) == ("llm:openai", "", 1)
    assert (order.action, order.reason, order.actor, order.id) == (Action.TRIP, "drill", "ann@box", "1")
    assert order.expires_at == 1_800_000_000.5
    assert 0 < order.ttl_s <= 30


async def test_an_order_without_an_end_has_none(pair: Pair) -> None:
    await pair.one.post(posted(ttl_s=inf))
    (read,) = await pair.other.standing()
    assert read.order.ttl_s == inf


async def test_a_reset_stays_for_those_who_missed_it(pair: Pair) -> None:
    await pair.one.post(Posted("llm:openai", "", Order(Action.RESET, "over", "bob@box", id="2")))
    (read,) = await pair.other.standing()
    assert read.order.action is Action.RESET
    assert MAX_TTL_S - 60 < read.order.ttl_s <= MAX_TTL_S


async def test_the_last_order_for_a_breaker_and_a_service_stands(pair: Pair) -> None:
    for number, (name, service) in enumerate(
        [("llm:openai", ""), ("hop:rag", "chat"), ("hop:rag", "gateway"), ("hop:rag", "chat")]
    ):
        await pair.one.post(posted(name, service, id_=str(number)))
    assert await shown(pair.other) == [
        ("llm:openai", "", "0"),
        ("hop:rag", "gateway", "2"),
        ("hop:rag", "chat", "3"),
    ]


async def test_an_order_for_all_services_replaces_those_for_single_ones(pair: Pair) -> None:
    await pair.one.post(posted("hop:rag", "chat", id_="1"))
    await pair.one.post(posted("hop:ragged", "chat", id_="2"))
    await pair.one.post(posted("hop:rag", id_="3"))
    await pair.one.post(posted("hop:rag", "gateway", id_="4"))
    assert await shown(pair.other) == [
        ("hop:ragged", "chat", "2"), ("hop:rag", "", "3"), ("hop:rag", "gateway", "4"),
    ]  # fmt: skip


async def test_an_order_whose_time_is_over_stands_no_longer(pair: Pair) -> None:
    await pair.one.post(posted(ttl_s=0.02))
    async with asyncio.timeout(10):
        while await pair.other.standing():
            await asyncio.sleep(0.005)
    assert await pair.other.latest() == 1


async def test_who_waits_hears_of_an_order(pair: Pair) -> None:
    await pair.other.wait(0.05)
    waiting = asyncio.create_task(pair.other.wait(60))
    async with asyncio.timeout(10):
        while not waiting.done():
            # Posted again and again: the subscription takes its moment.
            await pair.one.post(posted())
            await asyncio.sleep(0.02)


async def test_who_waits_in_vain_goes_on(pair: Pair) -> None:
    async with asyncio.timeout(10):
        await pair.one.wait(0.01)


async def test_a_full_board_refuses_new_breakers_only(pair: Pair) -> None:
    for number in range(MAX_ORDERS):
        await pair.one.post(posted(f"tool:{number}"))
    with pytest.raises(BoardUnavailableError, match="full"):
        await pair.one.post(posted("tool:one-more"))
    await pair.one.post(posted("tool:7", id_="again"))
    assert len(await pair.other.standing()) == MAX_ORDERS


async def test_a_board_in_memory_that_is_down_says_so() -> None:
    boards = MemoryBoards()
    board = boards.board()
    boards.down = True
    await refused_everything(board)


async def test_a_redis_that_is_gone_says_so(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with redis_client(server.url) as client:
            board = RedisTripBoard(client, FakeLog())
            await board.post(posted())
            server.kill()
            await refused_everything(board)
            await board.wait(0.01)
            await board.close()


async def refused_everything(board: TripBoard) -> None:
    for asked in (board.post(posted()), board.latest(), board.standing()):
        with pytest.raises(BoardUnavailableError):
            await asked


async def test_a_subscription_that_broke_is_made_again(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with redis_client(server.url) as mine, redis_client(server.url) as theirs:
            board, other = RedisTripBoard(mine, FakeLog()), RedisTripBoard(theirs, FakeLog())
            await board.wait(0.05)
            server.restart()
            waiting = asyncio.create_task(board.wait(60))
            async with asyncio.timeout(30):
                while not waiting.done():
                    # The clients' own breakers need a moment too.
                    with suppress(BoardUnavailableError):
                        await other.post(posted())
                    await asyncio.sleep(0.05)
            await board.close()

"""Listening for announcements outlives what breaks it off, and says what that was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.redis.trip_board import RedisTripBoard

SOON_S = 60.0


class Announcements:
    """A client that hears what it was made of, an error by raising it, and then nothing any more."""

    def __init__(self, *messages: object) -> None:
        self._messages = list(messages)

    @asynccontextmanager
    async def subscribed(self, *channels: str) -> AsyncIterator["Announcements"]:
        yield self

    async def get_message(self, timeout: float) -> object:
        if not self._messages:
            await asyncio.Event().wait()
        message = self._messages.pop(0)
        if isinstance(message, Exception):
            raise message
        return message

    @property
    def silent(self) -> bool:
        return not self._messages


async def listened(client: Announcements) -> FakeLog:
    """Listen until nothing comes any more, close the board, and return its log."""
    log = FakeLog()
    board = RedisTripBoard(client, log, sleep=FakeClock().sleep)
    async with asyncio.timeout(SOON_S):
        while not client.silent:
            await board.wait(SOON_S)
    await board.close()
    return log


async def test_a_message_that_nobody_understands_is_told_and_the_next_one_heard() -> None:
    log = await listened(Announcements("order", ValueError("not a message"), "order"))
    assert log.failures() == [("trip-board-listener", "not a message")]


async def test_an_outage_and_a_normal_stop_are_silent() -> None:
    log = await listened(Announcements("order", RedisUnavailableError("gone"), "order"))
    assert log.events == []

"""What chat does by itself: half answers are kept safe, orphaned ones are ended, old keys forgotten."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from wattos_platform.kernel.background import in_background
from wattos_platform.kernel.db.errors import unforeseen
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.chat.answers import Answers
from wattos_platform.services.chat.ports import MessageStore

TICK_S = 1.0
_KEYS_KEPT_S = 24 * 3600.0
_ORPHANS_EVERY = 2
_KEYS_EVERY = 3600


class Housekeeping:
    """A loop with one tick a second; an error of one tick is logged and the next one tries again."""

    def __init__(
        self,
        answers: Answers,
        messages: MessageStore,
        log: Log,
        clock: Callable[[], float],
        *,
        draining: Callable[[], bool] = lambda: False,
        drain_s: float = 10.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._answers = answers
        self._messages = messages
        self._log = log
        self._clock = clock
        self._sleep = sleep
        self._draining = draining
        self._drain_left_s = drain_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """End what earlier processes left half, then tick until the block ends; then stop all answers."""
        await self.tick(0)
        try:
            async with in_background(self._loop, "chat-housekeeping", self._log, sleep=self._sleep):
                yield
        finally:
            await self._answers.close()

    async def tick(self, number: int) -> None:
        """Do what is due at tick `number`, counted from 0."""
        self._end_in_time()
        try:
            await self._messages.checkpoint({key: live.text for key, live in self._answers.live.items()})
            if number % _ORPHANS_EVERY == 0:
                await self._end_orphans()
            if number % _KEYS_EVERY == 0:
                await self._messages.forget_keys(older_than=self._clock() - _KEYS_KEPT_S)
        except Exception as error:  # noqa: BLE001 - the next tick tries again; a dead loop would leave half answers
            self._log.warning(
                "upkeep.failed",
                message="Upkeep failed; it is tried again.",
                reason=str(error),
                exc_info=unforeseen(error),
            )

    def _end_in_time(self) -> None:
        """Stop what is still being answered shortly before a drain ends, while its callers can be told."""
        if self._draining():
            self._drain_left_s -= TICK_S
            if self._drain_left_s <= TICK_S:
                self._answers.interrupt()

    async def _end_orphans(self) -> None:
        count = await self._messages.abort_orphans()
        if count:
            self._log.warning(
                "answers.aborted",
                message=f"{count} half answers of ended processes are aborted.",
                count=count,
            )

    async def _loop(self) -> None:
        number = 0
        while True:
            await self._sleep(TICK_S)
            number += 1
            await self.tick(number)

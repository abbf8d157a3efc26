"""Commands to Redis: those that are given at the same time share one round trip.

A command alone costs a round trip; fifty in one cost little more than one. So there is one worker: while
it waits for answers, further commands gather and go out together. They share one fate: when Redis does not
answer in time, everybody who waits is told. From then on everybody is refused at once, until a search in
the background has found Redis again: of one outage, no request pays for more than one time-out.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from wattos_platform.kernel.redis.errors import RedisUnavailableError, reason_of
from wattos_platform.kernel.redis.scripts import Script, is_missing
from wattos_platform.kernel.redis.search import Search
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerOpen, State
from wattos_platform.kernel.resilience.degrade import Degradation
from wattos_platform.kernel.telemetry import Log

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

Argument = str | bytes | int
MAX_BATCH = 256
MAX_WAITING = 10_000


class _Order(NamedTuple):
    command: tuple[Argument, ...]
    answer: "asyncio.Future[Any]"
    asked_at: float


class RedisClient:
    """Does commands within `timeout_s` seconds, or raises RedisUnavailableError. Nothing is tried twice.

    Belongs to one event loop. A connection is made when first needed, so that no start waits for Redis.
    """

    def __init__(
        self, redis: "Redis", *, breaker: Breaker, degradation: Degradation, log: Log, timeout_s: float
    ) -> None:
        self.timeout_s = timeout_s
        self._redis = redis
        self._breaker = breaker
        self._degradation = degradation
        self._waiting: list[_Order] = []
        self._worker: asyncio.Task[None] | None = None
        self._search = Search(breaker, self._found, pause_s=timeout_s, log=log)

    async def execute(self, *command: Argument) -> Any:
        """Return the answer to `command`; strings are bytes.

        RedisUnavailableError when there is none or Redis refuses; what asks is marked as degraded.
        """
        return self._accepted(await self._counted(command))

    async def look(self, *command: Argument) -> Any:
        """Return as `execute` does, uncounted: for looks that repeat, of which nothing degrades."""
        answer = await self._answer(command)
        if isinstance(answer, Exception):
            raise RedisUnavailableError(str(answer))
        return answer

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Return what the Lua `script` returns; a Redis that does not know it (any more) learns it."""
        rest = (len(keys), *keys, *arguments)
        answer = await self._counted(("EVALSHA", script.sha, *rest))
        if is_missing(answer):
            answer = await self._counted(("EVAL", script.text, *rest))
        return self._accepted(answer)

    async def ping(self) -> None:
        """Return when Redis answers; RedisUnavailableError says why not. Nothing is counted."""
        await self.look("PING")

    @asynccontextmanager
    async def subscribed(self, *channels: str) -> AsyncIterator["PubSub"]:
        """Listen on `channels` for as long as the block lasts, on a connection of its own.

        `get_message(timeout=...)` of what is yielded returns the next message, None for none.
        RedisUnavailableError when Redis does not confirm the subscription in time;
        redis.exceptions.ConnectionError from `get_message` when it breaks later.
        """
        listener = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            try:
                async with asyncio.timeout(self.timeout_s):
                    await listener.subscribe(*channels)
                    for _ in channels:
                        await listener.get_message(timeout=None)
            except Exception as error:
                raise RedisUnavailableError(reason_of(error)) from error
            yield listener
        finally:
            await listener.aclose()  # type: ignore[no-untyped-call]  # the library gives no types

    async def close(self) -> None:
        """End what runs, tell those who wait, close every connection."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait({self._worker})
        await self._search.close()
        await self._redis.aclose()

    async def _counted(self, command: tuple[Argument, ...]) -> Any:
        try:
            return await self._answer(command)
        except RedisUnavailableError as error:
            self._degradation.went_without(str(error))
            raise

    def _accepted(self, answer: Any) -> Any:
        if isinstance(answer, Exception):
            self._degradation.went_without(str(answer))
            raise RedisUnavailableError(str(answer))
        self._degradation.recovered()
        return answer

    async def _answer(self, command: tuple[Argument, ...]) -> Any:
        """Return what Redis says to `command`, its refusals too, as exceptions."""
        if self._search.reason:
            raise RedisUnavailableError(self._search.reason)
        if self._worker is None:
            permit = self._permit()
            self._worker = asyncio.create_task(self._work(permit), name="redis")
        elif self._breaker.state is State.HALF_OPEN:
            # A trip is over and one operation finds out what is there; nobody else waits for that.
            raise RedisUnavailableError("another operation tries whether Redis is back")
        if len(self._waiting) >= MAX_WAITING:
            raise RedisUnavailableError(f"{MAX_WAITING} operations wait already")
        order = _order(command)
        self._waiting.append(order)
        return await order.answer

    async def _found(self) -> None:
        """Return when Redis answers, whatever it says."""
        await self._send([_order(("PING",))])

    def _permit(self) -> float:
        try:
            return self._breaker.allow()
        except BreakerOpen as refusal:
            raise RedisUnavailableError(str(refusal)) from None

    async def _work(self, permit: float) -> None:
        """Send what waits until nothing does, or until it fails."""
        batch: list[_Order] = []
        try:
            while True:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                answers = await self._send(batch)
                self._breaker.success(permit)
                for order, answer in zip(batch, answers, strict=True):
                    if not order.answer.done():
                        order.answer.set_result(answer)
                if not self._waiting:
                    return
                permit = self._permit()
        except BaseException as error:
            self._fail(batch, permit, error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._worker = None

    async def _send(self, batch: Sequence[_Order]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for order in batch:
            pipeline.execute_command(*order.command)
        async with asyncio.timeout_at(batch[0].asked_at + self.timeout_s):
            return await pipeline.execute(raise_on_error=False)

    def _fail(self, batch: list[_Order], permit: float, error: BaseException) -> None:
        """Tell everybody who waits: whoever came during a silence has waited for it too."""
        if isinstance(error, RedisUnavailableError):
            reason = str(error)
        else:
            reason = reason_of(error)
            self._breaker.failure(error, permit)
            if isinstance(error, Exception):
                self._search.begin(reason)
        waiting, self._waiting = self._waiting, []
        for order in (*batch, *waiting):
            if not order.answer.done():
                order.answer.set_exception(RedisUnavailableError(reason))


def _order(command: tuple[Argument, ...]) -> _Order:
    loop = asyncio.get_running_loop()
    return _Order(command, loop.create_future(), loop.time())

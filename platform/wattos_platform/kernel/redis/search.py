"""The search for a Redis that has gone: one task asks again and again, so that no request has to find out."""

import asyncio
from collections.abc import Awaitable, Callable

from wattos_platform.kernel.background import restarting
from wattos_platform.kernel.redis.errors import reason_of
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerOpen
from wattos_platform.kernel.telemetry import Log

# An operator's trip has no end, or a far one: a reset by hand is found after this long.
_LONGEST_PAUSE_S = 1.0
_NAME = "redis-search"


class Search:
    """Goes on from `begin` until `ping` is answered; `reason` says meanwhile why Redis is gone, else "".

    Every attempt has the breaker's permit and is told to it, so that it opens and closes as with calls. Two
    of them begin at least `pause_s` apart.
    """

    def __init__(
        self,
        breaker: Breaker,
        ping: Callable[[], Awaitable[object]],
        *,
        pause_s: float,
        log: Log,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.reason = ""
        self._breaker = breaker
        self._ping = ping
        self._pause_s = pause_s
        self._log = log
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def begin(self, reason: str) -> None:
        """Look for Redis from now on, because of `reason`; nothing more happens when that goes on already."""
        self.reason = reason
        if self._task is None:
            self._task = asyncio.create_task(self._search(), name=_NAME)

    async def close(self) -> None:
        """Give the search up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _search(self) -> None:
        try:
            await restarting(self._look, _NAME, self._log, sleep=self._sleep)
        finally:
            self._task = None

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self.reason:
            began_s = loop.time()
            pause_s = await self._attempt()
            if self.reason:
                await self._sleep(max(0.0, began_s + pause_s - loop.time()))

    async def _attempt(self) -> float:
        """Ask once, if the breaker permits; return how long after its begin the next one may follow."""
        try:
            permit = self._breaker.allow()
        except BreakerOpen as refusal:
            return min(_LONGEST_PAUSE_S, max(self._pause_s, refusal.retry_after_s))
        try:
            await self._ping()
        except Exception as error:  # noqa: BLE001 - whatever it is, Redis was not found
            self.reason = reason_of(error)
            self._breaker.failure(error, permit)
        except BaseException:
            self._breaker.release(permit)
            raise
        else:
            self.reason = ""
            self._breaker.success(permit)
        return self._pause_s

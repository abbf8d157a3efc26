"""A bound on how many calls to one upstream run at once, so that a slow one cannot take every connection."""

import asyncio
from collections import deque


class BulkheadFull(Exception):  # noqa: N818 - the field's name for it
    """No place came free in time; the call was shed before it began, so no breaker counts it."""

    breaker_ignores = True


class Bulkhead:
    """`size` places; who finds none waits in order, at most the time it says. Belongs to one event loop."""

    __slots__ = ("_free", "_waiting", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = size
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, wait_s: float) -> None:
        """Take a place, waiting up to `wait_s` seconds; BulkheadFull if none came free."""
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The place was handed over in the same moment: pass it on.
                self.leave()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise BulkheadFull from error
            raise

    def leave(self) -> None:
        """Give the place to the next in line."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

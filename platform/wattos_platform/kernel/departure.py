"""Noticing that the client has left or its time is up, so that work done for it stops at once."""

import asyncio
import time
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from wattos_platform.kernel.resilience.deadline import DeadlineExceeded

PATIENCE_S = 0.02


class Departure:
    """A block that is cancelled when the client disconnects, and then raises ClientDisconnect.

    With a `deadline` (an instant of `monotonic`) it is cancelled then, too, and raises DeadlineExceeded.

    Watching begins 20 ms after `watch()`: most requests are answered by then and need no task for it. Call
    `watch()` once the request's body has been read (until then the reader sees the disconnect itself), and
    `done()` before the last piece of the answer is sent.
    """

    __slots__ = (
        "_deadline", "_done", "_expired", "_left", "_monotonic", "_owner", "_receive", "_timer", "_watcher",
    )  # fmt: skip

    def __init__(
        self, receive: Receive, *, deadline: float = inf, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._receive = receive
        self._deadline = deadline
        self._monotonic = monotonic
        self._expired = False
        self._owner: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._left = False
        self._done = False

    def watch(self) -> None:
        """Begin to watch."""
        if not self._done:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE_S, self._begin)

    def done(self) -> None:
        """Stop watching; a client that leaves from now on leaves with its answer."""
        self._done = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._watcher is not None:
            # A cancelled task keeps its error, the error its frames, and those know us: let go, or only the
            # collector could free what the request held.
            self._watcher.cancel()
            self._watcher = None

    async def __aenter__(self) -> Self:
        self._owner = asyncio.current_task()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.done()
        if not (self._left or self._expired) or self._owner is None:
            return
        if kind is None:
            # Cancelled, but the block ended before it could be told: take the cancellation out of the task.
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self._owner.uncancel()
            return
        if kind is asyncio.CancelledError and self._owner.uncancel() == 0:
            raise (ClientDisconnect() if self._left else DeadlineExceeded("the answer was there")) from error

    def _begin(self) -> None:
        if self._done:
            return
        loop = asyncio.get_running_loop()
        self._watcher = loop.create_task(self._wait())
        if self._deadline != inf:
            self._timer = loop.call_later(max(0.0, self._deadline - self._monotonic()), self._expire)

    def _expire(self) -> None:
        if not self._done and not self._left and self._owner is not None:
            self._expired = True
            self._owner.cancel()

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._done and not self._expired and self._owner is not None:
            self._left = True
            self._owner.cancel()

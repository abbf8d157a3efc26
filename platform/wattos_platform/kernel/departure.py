"""Noticing that the client has left, so that work done for it stops at once."""

import asyncio
from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect
from starlette.types import Receive

PATIENCE_S = 0.02


class Departure:
    """A block that is cancelled when the client disconnects, and then raises ClientDisconnect.

    Watching begins 20 ms after `watch()`: most requests are answered by then and need no task for it. Call
    `watch()` once the request's body has been read (until then the reader sees the disconnect itself), and
    `done()` before the last piece of the answer is sent.
    """

    __slots__ = ("_done", "_left", "_owner", "_receive", "_timer", "_watcher")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
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
        if self._watcher is not None:
            self._watcher.cancel()

    async def __aenter__(self) -> Self:
        self._owner = asyncio.current_task()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.done()
        if not self._left or self._owner is None:
            return
        if kind is None:
            # Cancelled, but the block ended before it could be told: take the cancellation out of the task.
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self._owner.uncancel()
            return
        if kind is asyncio.CancelledError and self._owner.uncancel() == 0:
            raise ClientDisconnect from error

    def _begin(self) -> None:
        if not self._done:
            self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._done and self._owner is not None:
            self._left = True
            self._owner.cancel()

"""Noticing that the client has left or its time is up, so that work done for it stops at once."""

import asyncio
import threading
import time
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from wattos_platform.kernel.resilience.deadline import DeadlineExceeded

PATIENCE_S = 0.02


class _Rounds:
    """Begins to watch for the departures of one loop that are still there after a moment, all over one timer.

    A timer for each would cost as much as all else that a disconnect does.
    """

    __slots__ = ("_early", "_goes_round", "_late", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._early: list[CancelOnDisconnect] = []
        self._late: list[CancelOnDisconnect] = []
        self._goes_round = False

    def join(self, disconnect: "CancelOnDisconnect") -> None:
        """Let `disconnect` begin in one to two rounds."""
        self._early.append(disconnect)
        if not self._goes_round:
            self._goes_round = True
            self.loop.call_later(PATIENCE_S / 2, self._go_round)

    def _go_round(self) -> None:
        due, self._late, self._early = self._late, self._early, []
        self._goes_round = bool(self._late)
        if self._goes_round:
            self.loop.call_later(PATIENCE_S / 2, self._go_round)
        for disconnect in due:
            disconnect.begin()


class _OfThread(threading.local):
    rounds: _Rounds | None = None


_here = _OfThread()


class CancelOnDisconnect:
    """A block that is cancelled when the client disconnects, and then raises ClientDisconnect.

    With a `deadline` (an instant of `monotonic`) it is cancelled then, too, and raises DeadlineExceeded.

    Watching begins 10 to 20 ms after `watch()`: most requests are answered by then and need no task for it.
    Call `watch()` once the request's body has been read (until then the reader sees the disconnect itself),
    and `done()` before the last piece of the answer is sent.
    """

    __slots__ = (
        "_deadline", "_done", "_expired", "_left", "_monotonic", "_owner", "_receive", "_rounds", "_timer",
        "_watcher",
    )  # fmt: skip

    def __init__(
        self, receive: Receive, *, deadline: float = inf, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._receive = receive
        self._deadline = deadline
        self._monotonic = monotonic
        self._expired = False
        self._owner: asyncio.Task[object] | None = None
        self._rounds: _Rounds | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._left = False
        self._done = False

    def watch(self) -> None:
        """Begin to watch, inside the block."""
        if not self._done and self._rounds is not None:
            self._rounds.join(self)

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
        # To ask for the running loop is a system call, to ask what runs on a known one is none.
        rounds = _here.rounds
        if rounds is None or (owner := asyncio.current_task(rounds.loop)) is None:
            rounds = _here.rounds = _Rounds(asyncio.get_running_loop())
            owner = asyncio.current_task(rounds.loop)
        self._rounds, self._owner = rounds, owner
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

    def begin(self) -> None:
        """Have the time to watch now; what is done by now needs it no more."""
        if self._done or self._rounds is None:
            return
        loop = self._rounds.loop
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

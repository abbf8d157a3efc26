"""A time-out that is set before every wait and nearly never comes."""

import asyncio
import time
from collections.abc import Callable
from math import inf
from typing import Protocol


class CallLater(Protocol):
    """`call_later` of an event loop."""

    def __call__(self, delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call `callback` in `delay` seconds, unless the handle is cancelled."""


class LazyTimer:
    """Calls `ring` once the last `set` is over, unless it was turned `off` before.

    A timer of the loop costs as much as the rest of a wait, most of it for taking it back. So one is left
    running over many settings; when its time has come, it looks whether and for when the alarm is set now.
    """

    __slots__ = ("_call_later", "_due", "_looks_at", "_monotonic", "_ring", "_timer")

    def __init__(
        self,
        ring: Callable[[], None],
        call_later: CallLater,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring = ring
        self._call_later = call_later
        self._monotonic = monotonic
        self._due = inf
        self._looks_at = inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Ring in `seconds`, and not when it was set to before."""
        self._due = due = self._monotonic() + seconds
        if due < self._looks_at:
            self._look_in(seconds)

    def off(self) -> None:
        """Do not ring."""
        self._due = inf

    def cancel(self) -> None:
        """Do not ring, take the timer back and forget whom to ring for: the end of whom it belongs to."""
        self._due = self._looks_at = inf
        self._ring = _nobody
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looks_at = self._due
        self._timer = self._call_later(max(0.0, seconds), self._look)

    def _look(self) -> None:
        self._timer = None
        self._looks_at = inf
        left = self._due - self._monotonic()
        if left <= 0:
            self._due = inf
            self._ring()
        elif self._due != inf:
            self._look_in(left)


def _nobody() -> None:
    pass

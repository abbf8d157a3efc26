"""A timer finer than the loop's: libuv and epoll count in milliseconds, the kernel in nanoseconds."""

import asyncio
import ctypes
import os
import time
from collections.abc import Callable

_MONOTONIC = 1
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_ABSOLUTE = 1
_NS = 1_000_000_000


class _Spec(ctypes.Structure):
    """The C struct itimerspec."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Timer:
    """Calls `ring` each time that the moment given to `set` has come.

    Where there is no timerfd, the loop's own timer has to do.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._libc = ctypes.CDLL(None, use_errno=True)
        create = getattr(self._libc, "timerfd_create", None)
        self._fd = -1 if create is None else create(_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._read)

    def set(self, at_s: float) -> None:
        """Ring at `at_s` of `time.monotonic`, at once if that is over."""
        if self._fd < 0:
            self._handle = self._loop.call_later(max(at_s - time.monotonic(), 0.0), self._ring)
            return
        at_ns = max(int(at_s * _NS), 1)  # 0 would switch it off
        spec = _Spec(0, 0, at_ns // _NS, at_ns % _NS)
        self._libc.timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(spec), None)

    def close(self) -> None:
        """Ring no more."""
        if self._handle:
            self._handle.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        self._ring()

"""A socket whose waits end, all of them together, when the time of the whole call is over."""

import io
from collections.abc import Callable
from typing import Any


class Bounded:
    """What http.client uses of a connected `socket`; TimeoutError once `left_s` says that nothing is left.

    A socket's own time-out bounds each wait alone: who sends a byte now and then would never be left.
    """

    def __init__(self, connected: Any, left_s: Callable[[], float]) -> None:
        self._socket = connected
        self._left_s = left_s

    def sendall(self, data: bytes) -> None:
        """Send all of `data`."""
        self.bound()
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what is received, as a file that keeps the socket open until it is closed itself."""
        return io.BufferedReader(_Received(self._socket.makefile(mode, buffering=0), self.bound))

    def close(self) -> None:
        """Close the socket once nothing reads from it any more."""
        self._socket.close()

    def bound(self) -> None:
        """Give the next wait the time that is left."""
        left_s = self._left_s()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)


class _Received(io.RawIOBase):
    def __init__(self, raw: Any, bound: Callable[[], None]) -> None:
        self._raw = raw
        self._bound = bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._bound()
        got: int | None = self._raw.readinto(buffer)
        return got

    def close(self) -> None:
        self._raw.close()
        super().close()

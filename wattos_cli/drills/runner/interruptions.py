"""Ctrl-C, SIGTERM and a closed terminal while something is broken: the rollback comes first."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

from wattos_cli.errors import Terminated


class Shield(Protocol):
    """What keeps a rollback whole."""

    def shielded(self) -> AbstractContextManager[None]:
        """Return a block that no signal interrupts; one that came meanwhile takes effect at its end."""
        ...


class Interruptions:
    """Raises KeyboardInterrupt for Ctrl-C, Terminated for SIGTERM and SIGHUP, but not in shielded blocks.

    From a signal on until the end of the next shielded block further ones wait: none can come between the
    first and the rollback. A block that is entered in the main thread; afterwards signals do what they did.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._is_shielded = False
        self._waiting: int | None = None

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
                self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Hold signals back until the block ends."""
        self._is_shielded = True
        try:
            yield
        finally:
            self._is_shielded = False
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                raise _meaning(waiting)

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if self._is_shielded:
            self._waiting = number
            return
        self._is_shielded = True
        raise _meaning(number)


def _meaning(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated()

"""Files that a person names, read and written whole; a pipe with nobody at its other end ends in an error."""

import errno
import math
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

PATIENCE_S = 5.0
"""How long the other end of a pipe may take to come, in seconds; what then comes may take any time."""
_PAUSE_S = 0.05
_PIECE_BYTES = 65_536


def read(path: Path, limit_bytes: int, *, patience_s: float = PATIENCE_S) -> bytes:
    """Return what the file holds, its first `limit_bytes` at most; OSError if it cannot be read.

    A pipe, like `<(command)`, is read to its end; one that nobody writes to is an error after `patience_s`.
    """
    if not path.is_fifo():
        with path.open("rb") as file:
            return file.read(limit_bytes)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as pipe:
        begin = _beginning(descriptor, path, patience_s)
        os.set_blocking(descriptor, True)
        return (begin + pipe.read(limit_bytes))[:limit_bytes]


def open_to_write(
    path: Path,
    *,
    append: bool = False,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> TextIO:
    """Return the file, open for UTF-8 text: emptied, or to `append` to; OSError if that may not be done.

    A pipe that nobody reads from is an error after `patience_s`.
    """

    def opener(name: str, flags: int) -> int:
        return _with_reader(name, flags, patience_s, sleep) if path.is_fifo() else os.open(name, flags, 0o666)

    return open(path, "a" if append else "w", encoding="utf-8", opener=opener)


def _beginning(descriptor: int, path: Path, patience_s: float) -> bytes:
    """Return what comes first through a pipe, nothing if its writer is there and silent, or gone already."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    for wait_ms in (0, math.ceil(patience_s * 1000)):
        has_ended = any(event & select.POLLHUP for _, event in poll.poll(wait_ms))
        try:
            piece = os.read(descriptor, _PIECE_BYTES)
        except BlockingIOError:
            return b""  # somebody has it open and has not written yet
        if piece or has_ended:
            return piece
    raise TimeoutError(
        errno.ETIMEDOUT, f"it is a pipe, and nobody wrote to it for {patience_s:g} s", str(path)
    )


def _with_reader(name: str, flags: int, patience_s: float, sleep: Callable[[float], None]) -> int:
    """Return a pipe's descriptor once somebody has it open for reading."""
    for attempt in range(math.ceil(patience_s / _PAUSE_S) + 1):
        if attempt:
            sleep(_PAUSE_S)
        try:
            descriptor = os.open(name, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        else:
            os.set_blocking(descriptor, True)
            return descriptor
    raise TimeoutError(errno.ETIMEDOUT, f"it is a pipe, and nobody read from it for {patience_s:g} s", name)

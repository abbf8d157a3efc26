"""Files that a person names, read and written whole; a pipe with nobody at its other end ends in an error."""

import errno
import math
import os
import select
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from wattos_cli import replacement

PATIENCE_S = 5.0
"""How long the other end of a pipe may take to come, in seconds; what then comes may take any time."""
_PAUSE_S = 0.05
_PIECE_BYTES = 65_536
_OF_THE_FOLDER = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})
"""Why a file that may be written to cannot be replaced: it is mounted, or its folder takes no other."""


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


def write(path: Path, text: str) -> None:
    """Put `text` in the place of what the file holds, in one step; OSError, and then it holds what it held.

    What cannot be replaced is written to as it is: a pipe, a device, a stream of this process like
    /dev/stdout, a file whose folder takes no other.
    """
    place = _replaceable(path)
    if place is None or not _replaced(place, text):
        with open_to_write(path) as file:
            file.write(text)


def require_writable(path: Path) -> None:
    """Return if `write` can do its work there, as far as that is known before; OSError. Nothing is left."""
    place = _replaceable(path)
    if place is not None and not place.exists():
        replacement.beside(place).unlink()
    elif not path.is_fifo():  # which would wait here for its reader
        path.open("ab").close()


def _replaceable(path: Path) -> Path | None:
    """Return the file in whose place another may be put, behind all links; None where none may.

    OSError for a file that may not be written to: it is not replaced either.
    """
    place = Path(os.path.realpath(path))
    try:
        found = path.stat()
    except FileNotFoundError:
        return place
    if not stat.S_ISREG(found.st_mode) or _is_a_stream(path):
        return None
    place.open("ab").close()
    return place


def _replaced(place: Path, text: str) -> bool:
    """Put a file with `text` in the place of another; return whether the folder lets that be done."""
    try:
        replacement.replace(place, text.encode())
    except OSError as error:
        if error.errno in _OF_THE_FOLDER and place.exists():
            return False
        raise
    return True


def _is_a_stream(path: Path) -> bool:
    """Return whether it is a name for what a process has open, and would go on writing to, not for a file."""
    while path.is_symlink():
        if path.parent.resolve().is_relative_to("/proc"):
            return True
        path = path.parent / path.readlink()
    return False


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

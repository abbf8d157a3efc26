"""Log files as they lie: one service's current file and its rotated predecessors, opened once each."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.logstore.lines import Line, Splitter

CHUNK_BYTES = 256 * 1024
_NAME = re.compile(r"(?P<service>.+?)(?:\.(?P<replica>\d+))?\.log")


@dataclass(frozen=True, slots=True)
class Family:
    """One replica's log: `path` is the current file, `path.1`, `path.2` ... what was rotated away."""

    path: Path
    service: str
    replica: str = ""

    @classmethod
    def of(cls, path: Path) -> "Family | None":
        """Return the family whose current file `path` is, by its name, or None if it is no log."""
        found = _NAME.fullmatch(path.name)
        return cls(path, found["service"], found["replica"] or "") if found else None

    def paths(self) -> list[Path]:
        """Return the paths to look at, the current first, then by age: all there are, and two beyond.

        A rotation between this listing and the opening moves a file up by one.
        """
        prefix = f"{self.path.name}."
        try:
            names = os.listdir(self.path.parent)  # noqa: PTH208 - names are enough, and half the cost
        except FileNotFoundError:
            return []
        ages = sorted(int(name[len(prefix) :]) for name in names if _rotated(name, prefix))
        beyond = ages[-1] if ages else 0
        ages += [beyond + 1, beyond + 2]
        return [self.path, *(self.path.with_name(f"{prefix}{age}") for age in ages)]


def _rotated(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and name[len(prefix) :].isdecimal() and name.isascii()


class LogFile:
    """An open log file: its descriptor keeps the content (and its inode) alive through renames."""

    def __init__(self, path: Path, family: Family) -> None:
        """Open for reading; OSError if that fails or it is no regular file."""
        self._fd = -1
        self.path = path
        self.family = family
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        self.identity = (status.st_dev, status.st_ino)
        self._counted = (0, 1)

    @property
    def service(self) -> str:
        """Return the service that writes here."""
        return self.family.service

    @property
    def replica(self) -> str:
        """Return the replica's number as text, "" if there is none."""
        return self.family.replica

    def size(self) -> int:
        """Return the present size in bytes."""
        return os.fstat(self._fd).st_size

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`, b"" at the end."""
        return os.pread(self._fd, size, offset)

    def lines(self, start: int, end: int, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Line]:
        """Yield the lines that start at or after `start` and before `end`; `start` must start a line."""
        splitter = Splitter(start)
        at = start
        while at < end:
            chunk = self.read(at, min(chunk_bytes, end - at))
            if not chunk:
                break
            at += len(chunk)
            yield from splitter.feed(chunk)
        yield from splitter.finish()

    def place(self, offset: int) -> str:
        """Return `file:line` of the byte `offset`; counts line feeds from the last place asked for."""
        at, line = self._counted if self._counted[0] <= offset else (0, 1)
        while at < offset:
            chunk = self.read(at, min(CHUNK_BYTES, offset - at))
            if not chunk:
                break
            line += chunk.count(b"\n")
            at += len(chunk)
        self._counted = (at, line)
        return f"{self.path.name}:{line}"

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


def open_family(family: Family) -> list[LogFile]:
    """Return the family's files, oldest first, each once even if a rotation happens meanwhile.

    A rotation only moves a file to a higher number, so going from low to high misses none.
    """
    found: dict[tuple[int, int], LogFile] = {}
    for path in family.paths():
        try:
            file = LogFile(path, family)
        except FileNotFoundError:
            continue
        if file.identity in found:
            file.close()
        else:
            found[file.identity] = file
    return list(reversed(found.values()))

"""How far one growing file was read, and whether it is still the file that was read."""

from collections import deque
from dataclasses import dataclass, field

from wattos_cli.logstore.files import LogFile
from wattos_cli.logstore.lines import Splitter

_FINGERPRINT_BYTES = 64
_START_BYTES = 4096
_MOST_CUTS = 8


@dataclass(slots=True, eq=False)
class Cut:
    """What a file was like before it was truncated: how far it was read, and the half line at that place.

    `looks` counts those at all names that found no copy to go on in.
    """

    offset: int
    fingerprint: bytes
    splitter: Splitter
    looks: int = 0


@dataclass
class Track:
    """One file under its `age` (0: the current name, n: `.n`, negative: no name any more).

    `fingerprint` is what was read last: a file that shows other bytes there was truncated, whatever its size.
    """

    file: LogFile
    segment: int
    age: int
    offset: int = 0
    splitter: Splitter = field(default_factory=Splitter)
    fingerprint: bytes = b""
    # Several: the file may be truncated again before the copy of the first time is found.
    cuts: deque[Cut] = field(default_factory=lambda: deque(maxlen=_MOST_CUTS))
    idle_polls: int = 0
    unseen_polls: int = 0

    @classmethod
    def at(cls, file: LogFile, segment: int, age: int, offset: int) -> "Track":
        """Return a track that reads `file` from `offset` on, where a line starts."""
        start = max(0, offset - _FINGERPRINT_BYTES)
        return cls(file, segment, age, offset, Splitter(offset), file.read(start, offset - start))

    @classmethod
    def of_copy(cls, file: LogFile, segment: int, age: int, cut: Cut) -> "Track":
        """Return a track that goes on in a copy where its original was truncated, half line included."""
        return cls(file, segment, age, cut.offset, cut.splitter, cut.fingerprint)

    def take(self, size: int) -> bytes:
        """Return up to `size` new bytes and remember what was read last.

        None of a file that was truncated just now and has grown again already: `was_truncated` will tell.
        """
        known = len(self.fingerprint)
        found = self.file.read(self.offset - known, known + size)
        if found[:known] != self.fingerprint:
            return b""
        chunk = found[known:]
        self.offset += len(chunk)
        self.fingerprint = (self.fingerprint + chunk[-_FINGERPRINT_BYTES:])[-_FINGERPRINT_BYTES:]
        return chunk

    def was_truncated(self) -> bool:
        """Say whether the file no longer holds what was read; one that has grown again is noticed too."""
        size = self.file.size()
        if size == self.offset and self.age > 0:
            return False
        return size < self.offset or not holds(self.file, self.offset, self.fingerprint)

    def is_copied_by(self, other: LogFile) -> bool:
        """Say whether `other`, a rotated name that is new while this file kept its own, is a copy of it.

        So is an empty one: copying has just begun.
        """
        size = other.size()  # once: it grows meanwhile
        length = min(_START_BYTES, size, self.file.size())
        if not size or (length and other.read(0, length) == self.file.read(0, length)):
            return True
        return self.offset > 0 and holds(other, self.offset, self.fingerprint)

    def start_over(self, segment: int) -> None:
        """Go back to the start of a truncated file and keep in `cuts` what it was like."""
        self.cuts.append(Cut(self.offset, self.fingerprint, self.splitter))
        self.offset, self.fingerprint, self.splitter, self.segment = 0, b"", Splitter(), segment


def holds(file: LogFile, offset: int, fingerprint: bytes) -> bool:
    """Say whether `fingerprint` stands right before `offset` in the file as it is now."""
    return file.size() >= offset and file.read(offset - len(fingerprint), len(fingerprint)) == fingerprint

"""What a process says, kept within bounds: the beginning and the end of it."""

import threading
from typing import IO, NamedTuple

KEPT_BYTES = 64 * 1024
"""So much is kept of the beginning, and so much of the end."""
_READ_BYTES = 64 * 1024


class Said(NamedTuple):
    """The end of what was said, which is all of it unless bytes were left out between it and `beginning`."""

    beginning: str
    left_out: int
    end: str


class Transcript:
    """Reads `output` (a pipe) in a thread of its own until everybody has closed it, then closes it here.

    Whoever writes never waits for a disk, and never fills one.
    """

    def __init__(self, output: IO[bytes], kept_bytes: int = KEPT_BYTES) -> None:
        self._kept = kept_bytes
        self._beginning = bytearray()
        self._end = bytearray()
        self._left_out = 0
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, args=(output,), name="transcript", daemon=True)
        self._reader.start()

    def said(self, within_s: float) -> Said:
        """Return what was said so far.

        While the pipe is open that is waited for, `within_s` at most: who wrote may be gone with its words
        still on their way, and a child of its may hold the pipe for ever.
        """
        self._reader.join(within_s)
        with self._lock:
            if not self._left_out:
                return Said("", 0, _text(self._beginning + self._end))
            return Said(_text(self._beginning), self._left_out, _text(self._end))

    def _read(self, output: IO[bytes]) -> None:
        with output:
            while data := output.read(_READ_BYTES):
                self._keep(data)

    def _keep(self, data: bytes) -> None:
        with self._lock:
            room = self._kept - len(self._beginning)
            self._beginning += data[:room]
            self._end += data[room:]
            if (excess := len(self._end) - self._kept) > 0:
                del self._end[:excess]
                self._left_out += excess


def _text(said: bytearray) -> str:
    return said.decode(errors="replace")

"""Bytes into lines, incrementally, with the offset of each; only a line feed ends a line."""

from typing import NamedTuple

LINE_LIMIT_BYTES = 8 * 1024 * 1024
"""A longer line is read past in pieces and reported as bad, so that no single line can fill the memory."""
EXCERPT_BYTES = 256


class Line(NamedTuple):
    """One physical line without its line feed; `size` exceeds `len(data)` where only an excerpt was kept."""

    offset: int
    data: bytes
    size: int
    ended: bool = True


class Splitter:
    """Cuts chunks into lines; `offset` is where in the file the first chunk starts."""

    def __init__(self, offset: int = 0, limit: int = LINE_LIMIT_BYTES) -> None:
        self._limit = limit
        self._start = offset
        self._parts: list[bytes] = []
        self._pending = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """Return the lines that `chunk` completes."""
        pieces = chunk.split(b"\n")
        rest = pieces.pop()
        lines = []
        for piece in pieces:
            self._keep(piece)
            lines.append(self._take(ended=True))
        if rest:
            self._keep(rest)
        return lines

    def finish(self) -> list[Line]:
        """Return the last line if it lacks its line feed; after this the splitter starts behind it."""
        return [self._take(ended=False)] if self._pending else []

    def _keep(self, piece: bytes) -> None:
        self._pending += len(piece)
        self._parts.append(piece)
        if self._pending > self._limit:
            self._parts = [b"".join(self._parts)[:EXCERPT_BYTES]]

    def _take(self, *, ended: bool) -> Line:
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        line = Line(self._start, data, self._pending, ended)
        self._start += self._pending + ended
        self._parts = []
        self._pending = 0
        return line

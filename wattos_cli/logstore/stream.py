"""Lines that arrive through a pipe: shown in the order they come, as soon as they come."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from typing import TextIO

from wattos_cli.logstore.entries import Assembler, Entry
from wattos_cli.logstore.lines import Line, Splitter

CHUNK_BYTES = 64 * 1024
_REMEMBERED_LINES = 100_000


class Pipe:
    """Standard input as an origin of entries."""

    service = ""
    replica = ""

    def __init__(self) -> None:
        self._starts: deque[int] = deque(maxlen=_REMEMBERED_LINES)
        self._seen = 0

    def noted(self, lines: list[Line]) -> list[Line]:
        """Remember where the lines start, since a pipe cannot be read again to count them; returns them."""
        self._starts.extend(line.offset for line in lines)
        self._seen += len(lines)
        return lines

    def place(self, offset: int) -> str:
        """Return `stdin:line`, or `stdin:@offset` for a line long gone."""
        if not self._starts or offset < self._starts[0]:
            return f"stdin:@{offset}"
        return f"stdin:{self._seen - len(self._starts) + bisect_right(self._starts, offset)}"


def piped(read: Callable[[int], bytes], joined: Assembler) -> Iterator[list[Entry]]:
    """Yield what each `read(size)` brings; a chunk that is not full ends what can be joined."""
    origin = Pipe()
    splitter = Splitter()
    while chunk := read(CHUNK_BYTES):
        found = list(joined.feed(origin, 0, origin.noted(splitter.feed(chunk))))
        if len(chunk) < CHUNK_BYTES:
            found += joined.flush()
        yield found
    found = list(joined.feed(origin, 0, origin.noted(splitter.finish())))
    yield found + list(joined.flush())


def reader(stdin: TextIO) -> Callable[[int], bytes]:
    """Return a function that reads what is there, up to a size, from a text stream's bytes."""
    buffer = getattr(stdin, "buffer", None)
    if buffer is None:
        return lambda size: stdin.read(size).encode()
    read: Callable[[int], bytes] = buffer.read1
    return read

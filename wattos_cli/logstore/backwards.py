"""A file read from its end: where the last lines start, and where a text last stands."""

from collections.abc import Iterator

from wattos_cli.logstore.files import CHUNK_BYTES, LogFile


def occurrences(file: LogFile, needle: bytes, start: int, end: int) -> Iterator[int]:
    """Yield the offsets of `needle` within [start, end), the last one first."""
    overlap = len(needle) - 1
    high = end
    while high > start:
        low = max(start, high - CHUNK_BYTES)
        chunk = file.read(low, min(high + overlap, end) - low)
        at = chunk.rfind(needle)
        while at >= 0:
            yield low + at
            at = chunk.rfind(needle, 0, at + overlap) if at else -1
        high = low


def line_start_before(file: LogFile, offset: int, start: int) -> int:
    """Return where the line that holds `offset` starts, not before `start`."""
    return next((at + 1 for at in occurrences(file, b"\n", start, offset)), start)


def last_line_end(file: LogFile, end: int) -> int:
    """Return the offset behind the last line feed before `end`; 0 if there is none."""
    return line_start_before(file, end, 0)


def last_lines(file: LogFile, count: int, start: int, end: int) -> tuple[int, int]:
    """Return (offset, found): where the `count` last records of [start, end) begin, or `start` if fewer.

    Lines that open a JSON object are counted, so that a long traceback is one; in a file that shows none
    at its end every line is.
    """
    tail = file.read(max(start, end - CHUNK_BYTES), CHUNK_BYTES)
    needle = b"\n{" if b"\n{" in tail else b"\n"
    found = 0
    # A line feed at the very end closes the last line and opens none.
    for at in occurrences(file, needle, start, end - 1):
        found += 1
        if found == count:
            return at + 1, found
    return start, found + (end > start)

"""Where in a file a time begins: found by halving the file, without reading it and without an index."""

from collections.abc import Callable

from wattos_cli.logstore import fields
from wattos_cli.logstore.decode import pieces, strip
from wattos_cli.logstore.files import LogFile
from wattos_cli.logstore.instants import leading_s
from wattos_cli.logstore.lines import Line

_PROBE_BYTES = 16 * 1024
_WINDOW_BYTES = 32 * 1024


def line_start(file: LogFile, offset: int, end: int) -> int:
    """Return the first offset at or after `offset` at which a line starts; `end` if none does before."""
    if offset == 0:
        return 0
    at = offset - 1
    while at < end:
        chunk = file.read(at, min(_PROBE_BYTES, end - at))
        if not chunk:
            break
        feed = chunk.find(b"\n")
        if feed >= 0:
            return min(at + feed + 1, end)
        at += len(chunk)
    return end


def first_time(file: LogFile, start: int, limit: int, end: int) -> tuple[float, int] | None:
    """Return (time in s, offset) of the first line with a time that starts in [start, limit), or None.

    A line is read on past `limit`, up to `end`.
    """
    for line in file.lines(start, end, _PROBE_BYTES):
        if line.offset >= limit:
            return None
        instant = time_of(line)
        if instant is not None:
            return instant, line.offset
    return None


def time_of(line: Line) -> float | None:
    """Return the time that a line states, or None for text, broken lines and records without one."""
    if line.size > len(line.data):
        return None
    for piece in pieces(line):
        if piece.record is not None:
            return fields.time_s(piece.record)
        if not piece.reason:
            return leading_s(strip(piece.raw))
    return None


def lower_bound(file: LogFile, instant_s: float, start: int, end: int) -> int:
    """Return the first line's offset in [start, end] that is as late as `instant_s`; `end` if none is.

    Holds for a file in order of time; the caller subtracts (adds) the disorder that it allows for. Text at
    the offset belongs to the record before it and is skipped by starting at a line with a time.
    """
    return _bisect(file, lambda found: found < instant_s, start, end)


def upper_bound(file: LogFile, instant_s: float, start: int, end: int) -> int:
    """Return the first line's offset in [start, end] that is later than `instant_s`; `end` if none is."""
    return _bisect(file, lambda found: found <= instant_s, start, end)


def _bisect(file: LogFile, before: Callable[[float], bool], start: int, end: int) -> int:
    """Return the offset of the first line with a time that is not `before`, `end` if there is none.

    Invariant: every timed line that starts below `low` is before; the first one from `high` on is not.
    """
    low, high = start, end
    while high - low > _WINDOW_BYTES:
        middle = (low + high) // 2
        found = first_time(file, line_start(file, middle, high), high, end)
        if found is not None and before(found[0]):
            low = found[1] + 1
        else:
            high = middle
    at = start if low == start else line_start(file, low, end)
    for line in file.lines(at, end, _PROBE_BYTES):
        instant = time_of(line)
        if instant is not None and not before(instant):
            return line.offset
    return end

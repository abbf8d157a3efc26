"""Which parts of which files are read: all, one run, a time range, or the last lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wattos_cli.logstore.backwards import last_lines, line_start_before, occurrences
from wattos_cli.logstore.bisect import lower_bound, upper_bound
from wattos_cli.logstore.decode import pieces
from wattos_cli.logstore.files import LogFile
from wattos_cli.logstore.merge import SKEW_S

STARTED = "service.started"
"""The event that every service writes first; from one to the next is a run."""
_SLACK_LINES = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """The bytes [start, end) of one file; `number` grows from the oldest file of a family to the newest."""

    file: LogFile
    number: int
    start: int
    end: int


def whole(files: Sequence[LogFile]) -> list[Segment]:
    """Return all of `files` (oldest first), each up to its present size."""
    return [Segment(file, number, 0, file.size()) for number, file in enumerate(files)]


def run(segments: Sequence[Segment], back: int) -> list[Segment]:
    """Return the part that belongs to the `back`-th start before the current one (0: the current run).

    What stands before the oldest start that is still there counts as one run more; a file without any
    start is one single run.
    """
    stop: tuple[int, int] | None = None
    begin: tuple[int, int] | None = None
    for seen, mark in enumerate(_marks(segments)):
        if seen == back:
            begin = mark
            break
        stop = mark
    else:
        marks = sum(1 for _ in _marks(segments))
        if back != marks:
            return []
    return _between(segments, begin, stop)


def _between(
    segments: Sequence[Segment], begin: tuple[int, int] | None, stop: tuple[int, int] | None
) -> list[Segment]:
    cut = []
    for segment in segments:
        start = segment.start
        end = segment.end
        if begin is not None:
            if segment.number < begin[0]:
                continue
            start = begin[1] if segment.number == begin[0] else start
        if stop is not None:
            if segment.number > stop[0]:
                continue
            end = stop[1] if segment.number == stop[0] else end
        if start < end:
            cut.append(replace(segment, start=start, end=end))
    return cut


def _marks(segments: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """Yield (segment number, offset) of each start, the newest first."""
    for segment in reversed(segments):
        last = segment.end
        for at in occurrences(segment.file, STARTED.encode(), segment.start, segment.end):
            if at >= last:
                continue
            last = line_start_before(segment.file, at, segment.start)
            if _is_start(segment, last):
                yield segment.number, last


def _is_start(segment: Segment, offset: int) -> bool:
    line = next(iter(segment.file.lines(offset, segment.end)), None)
    if line is None:
        return False
    return any(piece.record is not None and piece.record.get("event") == STARTED for piece in pieces(line))


def in_time(segments: Sequence[Segment], since_s: float | None, until_s: float | None) -> list[Segment]:
    """Return the segments cut to a time range, wider by the disorder that a file may have."""
    cut = []
    for segment in segments:
        file, start, end = segment.file, segment.start, segment.end
        if since_s is not None:
            start = lower_bound(file, since_s - SKEW_S, start, end)
        if until_s is not None:
            end = upper_bound(file, until_s + SKEW_S, start, end)
        if start < end:
            cut.append(replace(segment, start=start, end=end))
    return cut


def newest(segments: Sequence[Segment], count: int) -> list[Segment]:
    """Return the end of the segments that surely holds the `count` last records in order of time."""
    wanted = count + _SLACK_LINES
    cut: list[Segment] = []
    for segment in reversed(segments):
        if wanted <= 0:
            break
        start, found = last_lines(segment.file, wanted, segment.start, segment.end)
        wanted -= found
        cut.insert(0, replace(segment, start=start))
    return cut

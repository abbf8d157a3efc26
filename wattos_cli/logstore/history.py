"""What the files hold now: each source read once, filtered, merged, counted."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wattos_cli.logstore.criteria import Criteria
from wattos_cli.logstore.entries import Assembler, Entry
from wattos_cli.logstore.files import Family
from wattos_cli.logstore.merge import merged
from wattos_cli.logstore.segments import Segment
from wattos_cli.logstore.tally import Tally


@dataclass
class Source:
    """One family with the parts of it that are read, and what joins its lines; `index` orders equal times."""

    index: int
    family: Family
    segments: list[Segment]
    assembler: Assembler


def assembler(index: int, criteria: Criteria, tally: Tally) -> Assembler:
    """Return an assembler that skips, undecoded but counted, what `criteria` surely refuses."""
    candidate = criteria.candidate if criteria.prefilters else None
    return Assembler(index, candidate=candidate, skipped=tally.filter)


def history(
    sources: Sequence[Source], criteria: Criteria, tally: Tally, last: int | None = None
) -> Iterator[Entry]:
    """Yield what `criteria` wants of all sources in order of time, only the `last` entries if given."""
    streams = [wanted(entries(source), criteria, tally) for source in sources]
    return newest(merged(streams, tally), tally, last)


def entries(source: Source) -> Iterator[Entry]:
    """Yield the entries of one source in the order they are written."""
    for segment in source.segments:
        lines = segment.file.lines(segment.start, segment.end)
        yield from source.assembler.feed(segment.file, segment.number, lines)
    yield from source.assembler.flush()


def wanted(found: Iterable[Entry], criteria: Criteria, tally: Tally) -> Iterator[Entry]:
    """Yield the entries that `criteria` accepts and count the others."""
    for entry in found:
        if criteria.accepts(entry):
            yield entry
        else:
            leave_out(entry, tally)


def newest(found: Iterable[Entry], tally: Tally, last: int | None) -> Iterator[Entry]:
    """Yield all of `found`, or only the `last` of it, and count what is yielded as shown."""
    if last is not None:
        kept: deque[Entry] = deque()
        for entry in found:
            kept.append(entry)
            if len(kept) > last:
                leave_out(kept.popleft(), tally)
        found = kept
    for entry in found:
        if entry.reason:
            tally.bad += entry.lines
        else:
            tally.shown += entry.lines
        yield entry


def leave_out(entry: Entry, tally: Tally) -> None:
    """Count an entry that is not shown."""
    if entry.reason:
        tally.hide_bad(entry.lines, entry.origin.place(entry.order[3]), entry.reason)
    else:
        tally.filter(entry.lines)

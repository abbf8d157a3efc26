"""Many files into one stream in order of event time, with bounded memory."""

import heapq
from collections.abc import Iterable, Iterator, Sequence

from wattos_cli.logstore.entries import Entry, Order
from wattos_cli.logstore.tally import Tally

SKEW_S = 2.0
"""Within one file a record may stand this much behind a later one and still be put right."""
HELD_LIMIT_BYTES = 16 * 1024 * 1024
"""No source holds back more than this for the sake of order."""


def _order(entry: Entry) -> Order:
    return entry.order


def reordered(
    entries: Iterable[Entry], skew_s: float = SKEW_S, limit_bytes: int = HELD_LIMIT_BYTES
) -> Iterator[Entry]:
    """Yield one source's entries by (time, segment, offset), holding each back until `skew_s` has passed it.

    When more than `limit_bytes` would be held, the oldest go out early.
    """
    held: list[tuple[Order, Entry]] = []
    held_bytes = 0
    newest_s = 0.0
    for entry in entries:
        # No two entries share an order (segment and offset differ), so entries are never compared.
        heapq.heappush(held, (entry.order, entry))
        held_bytes += entry.size_bytes
        newest_s = max(newest_s, entry.time_s)
        while held and (held[0][0][0] < newest_s - skew_s or held_bytes > limit_bytes):
            first = heapq.heappop(held)[1]
            held_bytes -= first.size_bytes
            yield first
    while held:
        yield heapq.heappop(held)[1]


def merged(
    sources: Sequence[Iterable[Entry]],
    tally: Tally,
    *,
    skew_s: float = SKEW_S,
    limit_bytes: int = HELD_LIMIT_BYTES,
) -> Iterator[Entry]:
    """Yield the entries of all sources by (time, source, segment, offset); `tally` counts later ones."""
    share = limit_bytes * 4 // max(4, len(sources))
    newest_s = 0.0
    for entry in heapq.merge(*(reordered(source, skew_s, share) for source in sources), key=_order):
        if entry.time_s < newest_s:
            tally.disordered += 1
        newest_s = max(newest_s, entry.time_s)
        yield entry

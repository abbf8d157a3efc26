"""Lines into entries: a record (or plain line) with the text lines, such as a traceback, that follow it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from wattos_cli.logstore import fields
from wattos_cli.logstore.decode import Piece, looks_like_object, pieces, strip
from wattos_cli.logstore.instants import leading_s
from wattos_cli.logstore.lines import Line

EXTRA_LIMIT_BYTES = 1024 * 1024
"""More text than this after one record goes on as a further entry, so that no traceback fills the memory."""

Order = tuple[float, int, int, int]


class Origin(Protocol):
    """Where an entry stands: what is said before a bad line."""

    @property
    def service(self) -> str:
        """Return the service whose file this is, "" if unknown."""
        ...

    @property
    def replica(self) -> str:
        """Return the replica's number as text, "" if the file names none."""
        ...

    def place(self, offset: int) -> str:
        """Return `file:line` of the byte offset."""
        ...


@dataclass(slots=True)
class Entry:
    """One thing to show. `record` is {} for plain text; `reason` is set for a bad line.

    `order` sorts by (time in s, source, segment, offset). `text_only` marks text whose record was shown
    or filtered before it arrived (only while following); `record` is then that record.
    """

    order: Order
    origin: Origin
    raw: bytes
    record: dict[str, Any]
    reason: str = ""
    clean: bool = True
    text_only: bool = False
    extra: list[bytes] = field(default_factory=list)

    @property
    def time_s(self) -> float:
        """Return the event time, in seconds since the epoch; 0 if nothing before it has one."""
        return self.order[0]

    @property
    def lines(self) -> int:
        """Return how many lines this entry accounts for."""
        return 1 + len(self.extra)

    @property
    def size_bytes(self) -> int:
        """Return about how much memory the entry holds."""
        return 400 + 2 * len(self.raw) + sum(map(len, self.extra))


class Assembler:
    """Joins each record with the text after it; one per source, fed with that source's lines in order.

    `candidate` looks at raw bytes and says False only where no filter can pass; such a group is not
    decoded, only counted through `skipped(lines)`.
    """

    def __init__(
        self,
        source: int,
        *,
        candidate: Callable[[bytes], bool] | None = None,
        skipped: Callable[[int], None] = lambda _lines: None,
    ) -> None:
        self._source = source
        self._candidate = candidate
        self._skipped = skipped
        self._time_s = 0.0
        self._undecoded: Line | None = None
        self._head: Line | None = None
        self._extra: list[bytes] = []
        self._extra_bytes = 0
        self._origin: Origin | None = None
        self._segment = 0
        self._last: dict[str, Any] | None = None

    def feed(self, origin: Origin, segment: int, lines: Iterable[Line]) -> Iterator[Entry]:
        """Yield the entries that `lines` complete; the last one stays open for text that may follow."""
        if segment != self._segment or origin is not self._origin:
            yield from self.flush()
            self._origin, self._segment = origin, segment
        for line in lines:
            if self._continues(line):
                self._extra.append(line.data)
                self._extra_bytes += len(line.data)
                continue
            yield from self.flush()
            self._head = line

    def flush(self) -> Iterator[Entry]:
        """Yield what is open; text that comes later is joined to it by `Entry.text_only`."""
        if self._head is None or self._origin is None:
            return
        head, extra = self._head, self._extra
        self._head, self._extra, self._extra_bytes = None, [], 0
        if self._passes_over(head, extra):
            self._undecoded = head
            self._skipped(1 + len(extra))
            return
        self._settle_time()
        entries = [self._entry(piece, self._origin) for piece in pieces(head)]
        if extra and entries[-1].reason:
            # Text after a broken line belongs to no record: it stands for itself, and is not called bad.
            text = Piece(head.offset + len(head.data), extra.pop(0))
            entries.append(self._entry(text, self._origin))
        entries[-1].extra = extra
        yield from entries

    def _passes_over(self, head: Line, extra: list[bytes]) -> bool:
        text = strip(head.data)
        if self._candidate is None or not looks_like_object(text) or not text.endswith(b"}"):
            return False
        return not self._candidate(b"\n".join([head.data, *extra]))

    def _continues(self, line: Line) -> bool:
        if self._head is None or self._extra_bytes > EXTRA_LIMIT_BYTES or line.size > len(line.data):
            return False
        text = strip(line.data)
        if looks_like_object(text) or (text and leading_s(text) is not None):
            return False
        piece = pieces(line)[0]
        return not piece.reason

    def _settle_time(self) -> None:
        """Take over the time of the group that was skipped undecoded: a record without one inherits it."""
        if self._undecoded is not None:
            for piece in pieces(self._undecoded):
                self._time_of(piece)
            self._undecoded = None

    def _time_of(self, piece: Piece) -> bool:
        if piece.reason:
            return False
        instant = fields.time_s(piece.record) if piece.record is not None else leading_s(strip(piece.raw))
        if instant is not None:
            self._time_s = instant
        if piece.record is not None or instant is not None:
            self._last = piece.record or {}
            return True
        return False

    def _entry(self, piece: Piece, origin: Origin) -> Entry:
        heads = self._time_of(piece)
        order = (self._time_s, self._source, self._segment, piece.offset)
        if piece.reason:
            self._last = None
            return Entry(order, origin, piece.raw, {}, reason=piece.reason)
        if heads or self._last is None:
            return Entry(order, origin, piece.raw, piece.record or {}, clean=piece.clean)
        return Entry(order, origin, piece.raw, self._last, text_only=True)

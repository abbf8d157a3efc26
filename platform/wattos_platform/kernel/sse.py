"""Server-sent events in both directions (WHATWG HTML, 9.2): bytes in, bytes out, no I/O."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

MAX_EVENT_BYTES = 4_000_000
_BOM = b"\xef\xbb\xbf"
# As numbers: bytes are searched for one number seven times as fast as for bytes of length one.
_LF, _CR = b"\n\r"


class SseTooLargeError(ValueError):
    """An event has no end within the limit; reading on would only take memory."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event; `event` is empty for the default type, `id` None if the event names none."""

    data: str
    event: str = ""
    id: str | None = None


def event(data: bytes | str, *, event: str | None = None, id: str | None = None) -> bytes:  # noqa: A002 - the field's own name
    """Return one event as bytes; `data` may hold several lines. ValueError for a line break in type or id."""
    text = data.encode() if isinstance(data, str) else data
    head = b""
    for name, value in ((b"event", event), (b"id", id)):
        if value is not None:
            if "\n" in value or "\r" in value or "\0" in value:
                raise ValueError(f"the {name.decode()} of an event must be one line")
            head += name + b": " + value.encode() + b"\n"
    if _LF not in text and _CR not in text:
        return head + b"data: " + text + b"\n\n"
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return head + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


def comment(text: str = "keep-alive") -> bytes:
    """Return a comment line, which keeps a silent connection open."""
    return b": " + text.replace("\n", " ").encode() + b"\n\n"


class EventSplitter:
    """Cuts bytes, as they arrive, into whole events; one per stream.

    `feed` raises SseTooLargeError for an event above 4 MB. An event without its blank line never appears.
    """

    __slots__ = ("_begun", "_buffer")

    def __init__(self) -> None:
        self._buffer = b""
        self._begun = False

    def feed(self, data: bytes) -> list[tuple[bytes, str, str | None]]:
        """Return (data, type, id) of each event that `data` completes, wherever it was cut."""
        if self._begun and not self._buffer and data.startswith(b"data: ") and data.endswith(b"\n\n"):
            # Most pieces of a model's stream are one event of one line.
            line = data[6:-2]
            if _LF not in line and _CR not in line:
                return [(line, "", None)]
        buffer = self._buffer + data if self._buffer else data
        if not self._begun:
            if len(buffer) < len(_BOM) and _BOM.startswith(buffer):
                self._buffer = buffer
                return []
            buffer = buffer.removeprefix(_BOM)
            self._begun = True
        held = b""
        if _CR in buffer:
            # A CR at the very end may be the first half of CRLF: it waits for the next piece.
            held = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *blocks, rest = buffer.split(b"\n\n")
        self._buffer = rest + held
        if len(self._buffer) > MAX_EVENT_BYTES:
            raise SseTooLargeError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        found: list[tuple[bytes, str, str | None]] = []
        for block in blocks:
            # The usual case, one line of data and nothing else, needs no look at the fields.
            if block.startswith(b"data: ") and _LF not in block:
                found.append((block[6:], "", None))
            elif (event := _fields(block)) is not None:
                found.append(event)
        return found


async def parse_sse(chunks: AsyncIterator[bytes]) -> AsyncIterator[SseEvent]:
    """Yield the events in `chunks`, wherever the chunks break; an event without its blank line is dropped.

    SseTooLargeError for an event above 4 MB. Invalid UTF-8 becomes U+FFFD, as the standard says.
    """
    splitter = EventSplitter()
    async for chunk in chunks:
        for data, kind, identifier in splitter.feed(chunk):
            yield SseEvent(data.decode("utf-8", "replace"), kind, identifier)


def _fields(block: bytes) -> tuple[bytes, str, str | None] | None:
    """Return what the lines of an event say; None for one without data, which is no event."""
    data: list[bytes] = []
    kind = ""
    identifier = None
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event":
            kind = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            identifier = value.decode("utf-8", "replace")
    return (b"\n".join(data), kind, identifier) if data else None

"""Server-sent events in both directions (WHATWG HTML, 9.2)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.responses import Response, StreamingResponse

MAX_EVENT_BYTES = 4_000_000


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
    if b"\n" not in text and b"\r" not in text:
        return head + b"data: " + text + b"\n\n"
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return head + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


def comment(text: str = "keep-alive") -> bytes:
    """Return a comment line, which keeps a silent connection open."""
    return b": " + text.replace("\n", " ").encode() + b"\n\n"


def sse_response(events: AsyncIterator[bytes], *, headers: dict[str, str] | None = None) -> Response:
    """Return a response that sends `events` as they come and tells proxies not to hold them back."""
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"cache-control": "no-cache, no-transform", "x-accel-buffering": "no", **(headers or {})},
    )


async def parse_sse(chunks: AsyncIterator[bytes]) -> AsyncIterator[SseEvent]:
    """Yield the events in `chunks`, wherever the chunks break; an event without its blank line is dropped.

    SseTooLargeError for an event above 4 MB. Invalid UTF-8 becomes U+FFFD, as the standard says.
    """
    buffer = b""
    async for chunk in chunks:
        buffer += chunk
        # A CR at the very end may be the first half of CRLF: it waits for the next chunk.
        held = b"\r" if buffer.endswith(b"\r") else b""
        text = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *blocks, rest = text.split(b"\n\n")
        for block in blocks:
            found = _parse(block)
            if found is not None:
                yield found
        buffer = rest + held
        if len(buffer) > MAX_EVENT_BYTES:
            raise SseTooLargeError(f"an event is longer than {MAX_EVENT_BYTES} bytes")


def _parse(block: bytes) -> SseEvent | None:
    data: list[str] = []
    kind = ""
    identifier = None
    for line in block.decode("utf-8", "replace").lstrip("\ufeff").split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            identifier = value
    return SseEvent("\n".join(data), kind, identifier) if data else None

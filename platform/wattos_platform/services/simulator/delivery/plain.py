"""An answer of a provider that is well: the steps of a whole answer, of a stream, of an error."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from wattos_platform.kernel.sse import event as sse_event
from wattos_platform.services.simulator.delivery.steps import Head, Pause, Send, Step
from wattos_platform.services.simulator.domain.reply import Event, Framing, Reply

JSON = "application/json"
STREAM_TYPES: Mapping[Framing, str] = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}
encode = msgspec.json.Encoder().encode


def whole(body: Mapping[str, Any], tokens: int | None, status: int = 200) -> Iterator[Step]:
    """Yield the steps of one JSON body."""
    data = encode(body)
    yield Head(status, ((("content-type", JSON)), ("content-length", str(len(data)))))
    yield Send(data, tokens)


def stream(events: Iterable[Event], framing: Framing, pause_s: float) -> Iterator[Step]:
    """Yield the steps of a stream, with a pause after each event that bears tokens."""
    yield stream_head(framing)
    for event in events:
        yield Send(framed(event, framing), event.tokens)
        if event.tokens:
            yield Pause(pause_s * event.tokens)


def answer(reply: Reply, pause_s: float) -> Iterator[Step]:
    """Yield the steps of an answer, as the caller wants it; `pause_s` is the time that one token takes."""
    if reply.stream:
        yield from stream(reply.events(), reply.framing, pause_s)
        return
    if reply.tokens.answer:
        yield Pause(pause_s * reply.tokens.output)
    yield from whole(reply.whole(), visible(reply))


def visible(reply: Reply) -> int:
    """Return the tokens that the caller can see."""
    return reply.tokens.output - reply.tokens.hidden


def stream_head(framing: Framing) -> Head:
    """Return the head of a stream."""
    return Head(200, (("content-type", STREAM_TYPES[framing]), ("cache-control", "no-cache")))


def framed(event: Event, framing: Framing) -> bytes:
    """Return an event as bytes."""
    data = event.data.encode() if isinstance(event.data, str) else encode(event.data)
    return data + b"\n" if framing == "ndjson" else sse_event(data, event=event.name or None)

"""Faults in the middle of an answer: of a stream after so many tokens, of a whole answer halfway."""

from collections.abc import Callable, Iterator

from wattos_platform.contracts.simulator_faults import BrokenJson, Garbage, Oversized
from wattos_platform.services.simulator.delivery import plain
from wattos_platform.services.simulator.delivery.fault_context import FaultContext
from wattos_platform.services.simulator.delivery.steps import HangUp, Head, Pause, Send, Silence, Step
from wattos_platform.services.simulator.domain.reply import Event

_GARBAGE = b"\xff\xfe\x00<<<garbage>>>\n\n"
_BROKEN = b"\x00"  # is valid nowhere in JSON, inside a text or out


def ended(context: FaultContext, after_tokens: int, end: Send | Silence | HangUp | None) -> Iterator[Step]:
    """Yield the answer up to the middle, then `end`; None ends the body as if that were all of it."""
    if context.reply.stream:
        before, _ = _split(context, after_tokens)
        yield from plain.stream(before, context.reply.framing, context.pause_s)
    else:
        yield from _half(context, announced=end is not None)
    if end is not None:
        yield end


def trickling(context: FaultContext, pause_s: float) -> Iterator[Step]:
    """Yield a whole answer in as many pieces as it has tokens, each after its pause."""
    body = plain.encode(context.reply.whole())
    pieces = max(context.reply.tokens.output, 1)
    size = -(-len(body) // pieces)
    yield Head(200, (("content-type", plain.JSON), ("content-length", str(len(body)))))
    yield Send(b"", plain.visible(context.reply))
    for start in range(0, len(body), size):
        yield Pause(pause_s)
        yield Send(body[start : start + size], 0)


def broken_json(context: FaultContext, fault: BrokenJson) -> Iterator[Step]:
    """Yield an answer with one event, or its middle, spoilt."""
    if not context.reply.stream:
        return _whole(context, lambda body: body[: len(body) // 2] + _BROKEN + body[len(body) // 2 :])
    framing = context.reply.framing

    def spoilt(event: Event | None) -> bytes:
        data = b"{" if event is None or isinstance(event.data, str) else plain.encode(event.data)
        broken = Event(data[: max(len(data) // 2, 1)].decode("utf-8", "ignore"), event.name if event else "")
        return plain.framed(broken, framing)

    return _replaced(context, fault.after_tokens, spoilt, instead=True)


def garbage(context: FaultContext, fault: Garbage) -> Iterator[Step]:
    """Yield an answer with bytes in between, or after the body, that mean nothing."""
    if not context.reply.stream:
        return _whole(context, lambda body: body + _GARBAGE)
    return _replaced(context, fault.after_tokens, lambda _event: _GARBAGE, instead=False)


def oversized(context: FaultContext, fault: Oversized) -> Iterator[Step]:
    """Yield an answer with one event, or the whole, blown up by a member that no caller knows."""
    padding = {"padding": "x" * fault.size_bytes}
    if not context.reply.stream:
        return plain.whole({**context.reply.whole(), **padding}, plain.visible(context.reply))

    def blown_up(event: Event | None) -> bytes:
        data = {} if event is None or isinstance(event.data, str) else event.data
        name = event.name if event else ""
        return plain.framed(Event({**data, **padding}, name), context.reply.framing)

    return _replaced(context, fault.after_tokens, blown_up, instead=True)


def _split(context: FaultContext, after_tokens: int) -> tuple[list[Event], list[Event]]:
    """Return the events that bear the first `after_tokens` tokens, or all of them, and the rest."""
    events = list(context.reply.events())
    wanted = min(after_tokens, sum(event.tokens for event in events))
    sent = 0
    for number, event in enumerate(events):
        if sent >= wanted:
            return events[:number], events[number:]
        sent += event.tokens
    return events, []


def _replaced(
    context: FaultContext, after_tokens: int, make: Callable[[Event | None], bytes], *, instead: bool
) -> Iterator[Step]:
    """Yield a stream with what `make` returns for the event at that place, instead of it or before it."""
    before, rest = _split(context, after_tokens)
    struck = rest[0] if rest else None
    yield from plain.stream(before, context.reply.framing, context.pause_s)
    yield Send(make(struck), struck.tokens if struck is not None and instead else None)
    after = plain.stream(rest[1:] if instead else rest, context.reply.framing, context.pause_s)
    yield from (step for step in after if not isinstance(step, Head))


def _whole(context: FaultContext, change: Callable[[bytes], bytes]) -> Iterator[Step]:
    body = change(plain.encode(context.reply.whole()))
    yield Head(200, (("content-type", plain.JSON), ("content-length", str(len(body)))))
    yield Send(body, plain.visible(context.reply))


def _half(context: FaultContext, *, announced: bool) -> Iterator[Step]:
    """Yield half of a whole answer; `announced` says whether the length promises all of it."""
    body = plain.encode(context.reply.whole())
    half = body[: len(body) // 2]
    length = len(body) if announced else len(half)
    yield Head(200, (("content-type", plain.JSON), ("content-length", str(length))))
    yield Send(half, plain.visible(context.reply))

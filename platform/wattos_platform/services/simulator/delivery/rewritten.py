"""Faults that change the answer from end to end: its content, its headers, its encoding."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from wattos_platform.contracts.simulator_faults import ContentType, FalseGzip, Gzip, NoContent
from wattos_platform.services.simulator.delivery import plain
from wattos_platform.services.simulator.delivery.fault_context import FaultContext
from wattos_platform.services.simulator.delivery.steps import Head, Send, Step
from wattos_platform.services.simulator.domain.reply import Event

_GZIP_WINDOW = 31


def no_content(context: FaultContext, _fault: NoContent) -> Iterator[Step]:
    """Yield an answer whose member for content is missing, and a stream without the events that bear any."""
    reply = context.reply
    if not reply.stream:
        return plain.whole(_without(reply.whole(), reply.content), None)
    bare = [_bare(event, reply.content) for event in reply.events() if not event.content]
    return plain.stream(bare, reply.framing, context.pause_s)


def content_type(context: FaultContext, fault: ContentType) -> Iterator[Step]:
    """Yield the answer under another content type."""
    for step in plain.answer(context.reply, context.pause_s):
        yield _with_header(step, "content-type", fault.content_type)


def gzip(context: FaultContext, _fault: Gzip) -> Iterator[Step]:
    """Yield the answer compressed, each event of a stream flushed at once."""
    compressor = zlib.compressobj(wbits=_GZIP_WINDOW)
    for step in plain.answer(context.reply, context.pause_s):
        if isinstance(step, Head):
            # Compressed, the length is not known yet: the body is chunked.
            headers = [field for field in step.headers if field[0] != "content-length"]
            yield Head(step.status, (*headers, ("content-encoding", "gzip")))
        elif isinstance(step, Send):
            data = compressor.compress(step.data) + compressor.flush(zlib.Z_SYNC_FLUSH)
            yield replace(step, data=data)
        else:
            yield step
    yield Send(compressor.flush())


def false_gzip(context: FaultContext, _fault: FalseGzip) -> Iterator[Step]:
    """Yield the answer as it is under a header that says it is compressed."""
    for step in plain.answer(context.reply, context.pause_s):
        yield _with_header(step, "content-encoding", "gzip")


def _with_header(step: Step, name: str, value: str) -> Step:
    if not isinstance(step, Head):
        return step
    return Head(step.status, (*(field for field in step.headers if field[0] != name), (name, value)))


def _bare(event: Event, member: str) -> Event:
    if isinstance(event.data, str):
        return event
    # Where an event wraps the whole answer, the member is one level deeper.
    data = {name: _without(value, member) for name, value in _without(event.data, member).items()}
    return replace(event, data=data, tokens=0)


def _without(value: Any, member: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: inner for name, inner in value.items() if name != member}

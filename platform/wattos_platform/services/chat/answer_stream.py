"""An answer as server-sent events: delta*, citation*, usage, done; or error, at any point, as the last."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wattos_platform.kernel.context import current
from wattos_platform.kernel.errors import ServiceError, error_body
from wattos_platform.kernel.event_stream import sse_response
from wattos_platform.kernel.sse import event
from wattos_platform.services.chat.domain.events import AnswerEvent, Delta, Finished
from wattos_platform.services.chat.domain.records import Outcome
from wattos_platform.services.chat.live import LiveAnswer
from wattos_platform.services.chat.outcomes import failure_of
from wattos_platform.services.chat.views import answer_view, citation_view


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer on its way to a caller; `live` is None for one that an earlier request asked for."""

    message_id: str
    events: AsyncGenerator[AnswerEvent]
    live: LiveAnswer | None
    headers: Mapping[str, str] = field(default_factory=dict)


def stream_response(
    request: Request, delivery: Delivery, first: AnswerEvent, clock: Callable[[], float]
) -> Response:
    """Return the streamed response to `request`; `first` has been taken out of the delivery's events."""
    context = current()

    def shape(error: ServiceError) -> bytes:
        return error_body(
            error,
            path=request.url.path,
            method=request.method,
            request_id=context.request_id,
            trace_id=context.trace_id,
            now=clock(),
        )

    response = sse_response(_frames(delivery, first, shape))
    response.headers.update(delivery.headers)
    return response


async def _frames(
    delivery: Delivery, first: AnswerEvent, shape: Callable[[ServiceError], bytes]
) -> AsyncIterator[bytes]:
    async with aclosing(delivery.events):
        for frame in _frames_of(delivery, first, shape):
            yield frame
        async for happened in delivery.events:
            for frame in _frames_of(delivery, happened, shape):
                yield frame


def _frames_of(
    delivery: Delivery, happened: AnswerEvent, shape: Callable[[ServiceError], bytes]
) -> list[bytes]:
    if isinstance(happened, Delta):
        return [_frame("delta", {"id": delivery.message_id, "content": happened.text})]
    if isinstance(happened, Finished):
        failure = failure_of(happened.outcome, delivery.live)
        if failure is not None:
            return [event(shape(failure), event="error")]
        return _ending(delivery.message_id, happened.outcome)
    return []


def _ending(message_id: str, outcome: Outcome) -> list[bytes]:
    citations = [_frame("citation", citation_view(source)) for source in outcome.citations]
    return [*citations, _frame("usage", outcome.usage), _frame("done", answer_view(message_id, outcome))]


def _frame(name: str, data: Mapping[str, Any]) -> bytes:
    return event(msgspec.json.encode(data), event=name)

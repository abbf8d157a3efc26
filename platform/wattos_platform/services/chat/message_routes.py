"""HTTP of messages: asking, reading, rating."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.cursors import PageQuery, cursor_behind, cursor_position
from wattos_platform.kernel.errors import ServiceError, internal_error
from wattos_platform.kernel.idempotency import KeyReusedError, key_reused, request_key
from wattos_platform.kernel.requests import parse, query
from wattos_platform.services.chat.answer_stream import Delivery, stream_response
from wattos_platform.services.chat.answers import Answers, stored
from wattos_platform.services.chat.bodies import NewFeedback, NewMessage
from wattos_platform.services.chat.domain.events import AnswerEvent, Finished
from wattos_platform.services.chat.domain.records import Feedback, Message, Outcome, Question, Role
from wattos_platform.services.chat.guards import (
    conversation_not_found,
    existing,
    message_not_found,
    owner,
)
from wattos_platform.services.chat.live import LiveAnswer
from wattos_platform.services.chat.outcomes import failure_of
from wattos_platform.services.chat.ports import (
    ConversationGoneError,
    ConversationStore,
    MessageStore,
)
from wattos_platform.services.chat.views import answer_view, feedback_view, message_view

T = TypeVar("T")


class MessageRoutes:
    """Endpoints of messages."""

    def __init__(
        self,
        conversations: ConversationStore,
        messages: MessageStore,
        answers: Answers,
        clock: Callable[[], float],
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._answers = answers
        self._clock = clock

    async def page(self, request: Request) -> Response:
        """GET /api/v1/conversations/{id}/messages, oldest first."""
        wanted = query(request, PageQuery)
        after = 0 if wanted.cursor is None else int(cursor_position(wanted.cursor, int)[0])
        mine = existing(await self._conversations.get(owner(), request.path_params["id"]))
        found = await self._messages.page(mine.id, after, wanted.limit + 1)
        shown = found[: wanted.limit]
        more = len(found) > wanted.limit
        return json_answer(
            {
                "items": [message_view(message) for message in shown],
                "next_cursor": cursor_behind(shown[-1].position) if more else None,
            }
        )

    async def get(self, request: Request) -> Response:
        """GET /api/v1/conversations/{id}/messages/{message_id}."""
        message = await self._messages.get(owner(), request.path_params["message_id"])
        if message is None or message.conversation_id != request.path_params["id"]:
            raise message_not_found()
        return json_answer(message_view(message))

    async def ask(self, request: Request) -> Response:
        """POST /api/v1/conversations/{id}/messages: JSON, or SSE when the caller asks for a stream."""
        body = await parse(request, NewMessage)
        key = request_key(request, body.model_dump())
        mine = existing(await self._conversations.get(owner(), request.path_params["id"]))
        question = Question(body.content, body.model, body.temperature, body.max_tokens)
        try:
            answer, live = await self._answers.ask(mine, question, key)
        except KeyReusedError:
            raise key_reused() from None
        except ConversationGoneError:
            raise conversation_not_found() from None
        delivery = self._delivery(answer, live)
        if body.stream or (body.stream is None and _accepts_events(request)):
            first = await _unless_gone(request, anext(delivery.events))
            _raise_failure(first, live)
            return stream_response(request, delivery, first, self._clock)
        outcome = await _unless_gone(request, _outcome(delivery))
        return json_answer(answer_view(answer.id, outcome), headers=delivery.headers)

    def _delivery(self, answer: Message, live: LiveAnswer | None) -> Delivery:
        if live is not None:
            return Delivery(answer.id, live.events(), live)
        earlier = stored(self._messages, owner(), answer)
        return Delivery(answer.id, earlier, None, {"Idempotent-Replayed": "true"})

    async def rate(self, request: Request) -> Response:
        """POST /api/v1/messages/{id}/feedback; a later rating takes the place of the earlier one."""
        body = await parse(request, NewFeedback)
        message = await self._messages.get(owner(), request.path_params["id"])
        if message is None:
            raise message_not_found()
        if message.role is not Role.ASSISTANT:
            raise ServiceError(
                409, "not_an_answer", "This message is a question; feedback belongs to answers."
            )
        given = Feedback(body.rating, body.comment, self._clock())
        await self._messages.rate(message.id, given)
        return json_answer(feedback_view(message.id, given), 201)


def _accepts_events(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "").lower()


async def _outcome(delivery: Delivery) -> Outcome:
    """Return the complete answer; ServiceError if it ended otherwise."""
    async with aclosing(delivery.events) as events:
        async for event in events:
            _raise_failure(event, delivery.live)
            if isinstance(event, Finished):
                return event.outcome
    raise internal_error()


def _raise_failure(event: AnswerEvent, live: LiveAnswer | None) -> None:
    failure = failure_of(event.outcome, live) if isinstance(event, Finished) else None
    if failure is not None:
        raise failure


async def _unless_gone(request: Request, result: Awaitable[T]) -> T:
    """Return `result`; when the caller leaves first, cancel it and raise ClientDisconnect."""
    working = asyncio.ensure_future(result)
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        leaving.cancel()
        working.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

"""HTTP of chat: conversations, and the table of all its routes."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.cursors import PageQuery, cursor_behind, cursor_position
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.idempotency import KeyReusedError, key_reused, request_key
from wattos_platform.kernel.requests import parse, query
from wattos_platform.services.chat.bodies import ConversationChanges, NewConversation
from wattos_platform.services.chat.domain.records import Conversation
from wattos_platform.services.chat.domain.titles import DEFAULT_TITLE
from wattos_platform.services.chat.guards import (
    conversation_not_found,
    existing,
    owner,
)
from wattos_platform.services.chat.message_routes import MessageRoutes
from wattos_platform.services.chat.ports import ConversationStore, Retrieval
from wattos_platform.services.chat.views import conversation_view

_BASE = "/api/v1/conversations"


class ConversationRoutes:
    """Endpoints of conversations; another person's conversation is answered with 404."""

    def __init__(
        self,
        conversations: ConversationStore,
        retrieval: Retrieval,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._conversations = conversations
        self._retrieval = retrieval
        self._clock = clock
        self._new_id = new_id

    async def create(self, request: Request) -> Response:
        """POST /api/v1/conversations."""
        body = await parse(request, NewConversation)
        key = request_key(request, body.model_dump())
        await self._check_space(body.knowledge_space_id)
        now = self._clock()
        conversation = Conversation(
            id=self._new_id(),
            owner=owner(),
            title=body.title or DEFAULT_TITLE,
            knowledge_space_id=body.knowledge_space_id,
            created_at=now,
            updated_at=now,
        )
        try:
            made = await self._conversations.create(conversation, titled=body.title is not None, key=key)
        except KeyReusedError:
            raise key_reused() from None
        return json_answer(conversation_view(made), 201, {"Location": f"{_BASE}/{made.id}"})

    async def page(self, request: Request) -> Response:
        """GET /api/v1/conversations, the last used first."""
        wanted = query(request, PageQuery)
        after = None
        if wanted.cursor is not None:
            updated_at, last = cursor_position(wanted.cursor, float, str)
            after = (float(updated_at), str(last))
        found = await self._conversations.page(owner(), after, wanted.limit + 1)
        shown = found[: wanted.limit]
        more = len(found) > wanted.limit
        return json_answer(
            {
                "items": [conversation_view(each) for each in shown],
                "next_cursor": cursor_behind(shown[-1].updated_at, shown[-1].id) if more else None,
            }
        )

    async def get(self, request: Request) -> Response:
        """GET /api/v1/conversations/{id}."""
        found = await self._conversations.get(owner(), request.path_params["id"])
        return json_answer(conversation_view(existing(found)))

    async def change(self, request: Request) -> Response:
        """PATCH /api/v1/conversations/{id}."""
        body = await parse(request, ConversationChanges)
        changes = body.model_dump(exclude_unset=True)
        if changes.get("title", "") is None:
            raise ServiceError(
                422,
                "invalid_request",
                "Field 'title': a conversation cannot be without a title; leave the field out to keep it.",
                details=[{"field": "title", "message": "must not be null"}],
            )
        mine = existing(await self._conversations.get(owner(), request.path_params["id"]))
        if not changes:
            return json_answer(conversation_view(mine))
        await self._check_space(changes.get("knowledge_space_id"))
        changed = await self._conversations.change(owner(), mine.id, changes)
        return json_answer(conversation_view(existing(changed)))

    async def delete(self, request: Request) -> Response:
        """DELETE /api/v1/conversations/{id}, with its messages."""
        if not await self._conversations.delete(owner(), request.path_params["id"]):
            raise conversation_not_found()
        return Response(status_code=204)

    async def _check_space(self, space_id: str | None) -> None:
        if space_id is not None and not await self._retrieval.exists(space_id):
            raise ServiceError(
                422,
                "knowledge_space_not_found",
                f"Field 'knowledge_space_id': there is no knowledge space {space_id!r}.",
                details=[{"field": "knowledge_space_id", "message": "there is no such knowledge space"}],
            )


def routes(conversations: ConversationRoutes, messages: MessageRoutes) -> list[BaseRoute]:
    """Return the routes of chat."""
    one = f"{_BASE}/{{id}}"
    return [
        Route(_BASE, conversations.create, methods=["POST"]),
        Route(_BASE, conversations.page, methods=["GET"]),
        Route(one, conversations.get, methods=["GET"]),
        Route(one, conversations.change, methods=["PATCH"]),
        Route(one, conversations.delete, methods=["DELETE"]),
        Route(f"{one}/messages", messages.page, methods=["GET"]),
        Route(f"{one}/messages", messages.ask, methods=["POST"]),
        Route(f"{one}/messages/{{message_id}}", messages.get, methods=["GET"]),
        Route("/api/v1/messages/{id}/feedback", messages.rate, methods=["POST"]),
    ]

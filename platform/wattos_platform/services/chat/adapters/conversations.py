"""Conversations in the database."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.idempotency import RequestKey
from wattos_platform.services.chat.adapters import request_keys
from wattos_platform.services.chat.adapters.rows import conversation_of
from wattos_platform.services.chat.adapters.tables import conversations
from wattos_platform.services.chat.domain.records import Conversation, Owner


class SqlConversations:
    """Implements ConversationStore; every statement bears the owner."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self, conversation: Conversation, *, titled: bool, key: RequestKey | None
    ) -> Conversation:
        """Store and return `conversation`, or return the one that `key` made before; KeyReusedError."""
        owner = conversation.owner

        async def work(connection: AsyncConnection) -> Conversation:
            earlier = await request_keys.seen(connection, owner, key)
            if earlier is not None:
                query = select(conversations).where(conversations.c.id == earlier["conversation_id"])
                return conversation_of((await connection.execute(query)).mappings().one())
            await connection.execute(
                insert(conversations).values(
                    id=conversation.id,
                    tenant=owner.tenant,
                    user_id=owner.user,
                    title=conversation.title,
                    titled=int(titled),
                    knowledge_space_id=conversation.knowledge_space_id,
                    created_at=conversation.created_at,
                    updated_at=conversation.updated_at,
                )
            )
            await request_keys.remember(
                connection, owner, key, conversation_id=conversation.id, now=conversation.created_at
            )
            return conversation

        return await self._database.write(work)

    async def get(self, owner: Owner, conversation_id: str) -> Conversation | None:
        """Return a conversation, None if the owner has no such."""
        async with self._database.read() as connection:
            return await self._get(connection, owner, conversation_id)

    async def page(self, owner: Owner, after: tuple[float, str] | None, limit: int) -> list[Conversation]:
        """Return up to `limit` conversations, the last used first, behind `after` (updated_at, id)."""
        table = conversations.c
        query = select(conversations).where(table.tenant == owner.tenant, table.user_id == owner.user)
        if after is not None:
            updated_at, last = after
            query = query.where(
                or_(table.updated_at < updated_at, and_(table.updated_at == updated_at, table.id < last))
            )
        query = query.order_by(table.updated_at.desc(), table.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [conversation_of(row) for row in (await connection.execute(query)).mappings()]

    async def change(
        self, owner: Owner, conversation_id: str, changes: Mapping[str, Any]
    ) -> Conversation | None:
        """Set `title` and/or `knowledge_space_id`; None if the owner has no such conversation."""
        values = {**changes, "updated_at": self._clock()}
        if "title" in changes:
            values["titled"] = 1

        async def work(connection: AsyncConnection) -> Conversation | None:
            await connection.execute(update(conversations).where(_of(owner, conversation_id)).values(values))
            return await self._get(connection, owner, conversation_id)

        return await self._database.write(work)

    async def delete(self, owner: Owner, conversation_id: str) -> bool:
        """Delete a conversation with all it holds; False if the owner has no such."""

        async def work(connection: AsyncConnection) -> bool:
            result = await connection.execute(delete(conversations).where(_of(owner, conversation_id)))
            return result.rowcount > 0

        return await self._database.write(work)

    async def _get(
        self, connection: AsyncConnection, owner: Owner, conversation_id: str
    ) -> Conversation | None:
        result = await connection.execute(select(conversations).where(_of(owner, conversation_id)))
        row = result.mappings().first()
        return None if row is None else conversation_of(row)


def _of(owner: Owner, conversation_id: str) -> ColumnElement[bool]:
    table = conversations.c
    return and_(table.id == conversation_id, table.tenant == owner.tenant, table.user_id == owner.user)

"""Messages in the database: reading them, and what readers think of them."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.chat.adapters.answering import SqlAnswering
from wattos_platform.services.chat.adapters.rows import message_of, select_messages
from wattos_platform.services.chat.adapters.tables import conversations, feedback, messages
from wattos_platform.services.chat.domain.records import (
    Feedback,
    Message,
    MessageStatus,
    Outcome,
    Owner,
    Role,
)


class SqlMessages(SqlAnswering):
    """Implements MessageStore."""

    _database: Database

    async def page(self, conversation_id: str, after: int, limit: int) -> list[Message]:
        """Return up to `limit` messages with positions above `after`, in order."""
        query = (
            select_messages()
            .where(messages.c.conversation_id == conversation_id, messages.c.position > after)
            .order_by(messages.c.position)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [message_of(row) for row in (await connection.execute(query)).mappings()]

    async def history(self, conversation_id: str, before: int, limit: int) -> list[Message]:
        """Return the last `limit` complete messages with positions below `before`, oldest first.

        Only what is said in them is read: a window over the history needs no citations.
        """
        table = messages.c
        query = (
            select(table.id, table.position, table.role, table.content, table.created_at)
            .where(
                table.conversation_id == conversation_id,
                table.position < before,
                table.status == str(MessageStatus.COMPLETE),
            )
            .order_by(table.position.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Message(
                id=row.id,
                conversation_id=conversation_id,
                position=row.position,
                role=Role(row.role),
                created_at=row.created_at,
                outcome=Outcome(MessageStatus.COMPLETE, row.content),
            )
            for row in reversed(rows)
        ]

    async def get(self, owner: Owner, message_id: str) -> Message | None:
        """Return one message of any of the owner's conversations."""
        theirs = select(conversations.c.id).where(
            conversations.c.tenant == owner.tenant, conversations.c.user_id == owner.user
        )
        query = select_messages().where(messages.c.id == message_id, messages.c.conversation_id.in_(theirs))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else message_of(row)

    async def rate(self, message_id: str, feedback_given: Feedback) -> None:
        """Store what the reader thought of an answer, in place of what was said before."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(feedback).where(feedback.c.message_id == message_id))
            await connection.execute(
                insert(feedback).values(
                    message_id=message_id,
                    rating=feedback_given.rating,
                    comment=feedback_given.comment,
                    created_at=feedback_given.created_at,
                )
            )

        await self._database.write(work)

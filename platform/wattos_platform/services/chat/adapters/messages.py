"""Messages in the database: reading them, and what readers think of them."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.chat.adapters.answering import SqlAnswering
from wattos_platform.services.chat.adapters.rows import message_of, select_messages
from wattos_platform.services.chat.adapters.tables import conversations, feedback, messages
from wattos_platform.services.chat.domain.records import Feedback, Message, Owner


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
        """Return the last `limit` messages with positions below `before`, oldest first."""
        query = (
            select_messages()
            .where(messages.c.conversation_id == conversation_id, messages.c.position < before)
            .order_by(messages.c.position.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            newest_first = [message_of(row) for row in (await connection.execute(query)).mappings()]
        return newest_first[::-1]

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

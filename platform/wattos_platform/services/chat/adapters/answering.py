"""Questions and their answers in the database, so that no half answer is ever taken for a whole one."""

from collections.abc import Callable, Mapping

from sqlalchemy import and_, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.idempotency import RequestKey
from wattos_platform.kernel.process_identity import is_gone
from wattos_platform.services.chat.adapters import request_keys
from wattos_platform.services.chat.adapters.rows import (
    message_of,
    message_values,
    outcome_values,
    select_messages,
)
from wattos_platform.services.chat.adapters.tables import conversations, messages
from wattos_platform.services.chat.adapters.tables import request_keys as keys
from wattos_platform.services.chat.domain.records import Conversation, Message, MessageStatus, Outcome, Role
from wattos_platform.services.chat.domain.titles import title_from
from wattos_platform.services.chat.ports import ConversationGoneError, Exchange

LEASE_S = 10.0
"""How long a process may be silent about an answer before it counts as dead, in seconds."""

_REOPENED = (MessageStatus.ABORTED, MessageStatus.FAILED)


class SqlAnswering:
    """The writing half of MessageStore. `worker` is this process as `process_identity` names it."""

    def __init__(
        self, database: Database, *, worker: str, clock: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        self._database = database
        self._worker = worker
        self._clock = clock
        self._new_id = new_id

    async def open_exchange(
        self, conversation: Conversation, content: str, key: RequestKey | None
    ) -> Exchange:
        """Store the question and open its answer in one transaction; KeyReusedError, ConversationGoneError.

        With a key that was seen, returns what it opened; if that answer was aborted or failed, a new answer
        is opened for the question that is already there.
        """

        async def work(connection: AsyncConnection) -> Exchange:
            earlier = await request_keys.seen(connection, conversation.owner, key)
            if earlier is not None:
                question = await _message(connection, earlier["question_id"])
                answer = await _message(connection, earlier["answer_id"])
                if answer.outcome.status not in _REOPENED:
                    return Exchange(question, answer, repeated=True)
                position = await _next_position(connection, conversation.id)
                again = await self._open_answer(connection, conversation.id, position)
                await connection.execute(
                    update(keys).where(keys.c.answer_id == answer.id).values(answer_id=again.id)
                )
                return Exchange(question, again)
            question = await self._store_question(connection, conversation, content)
            answer = await self._open_answer(connection, conversation.id, question.position + 1)
            await request_keys.remember(
                connection,
                conversation.owner,
                key,
                conversation_id=conversation.id,
                question_id=question.id,
                answer_id=answer.id,
                now=question.created_at,
            )
            return Exchange(question, answer)

        return await self._database.write(work)

    async def _store_question(
        self, connection: AsyncConnection, conversation: Conversation, content: str
    ) -> Message:
        now = self._clock()
        touched = await connection.execute(
            update(conversations).where(conversations.c.id == conversation.id).values(updated_at=now)
        )
        if touched.rowcount == 0:
            raise ConversationGoneError(conversation.id)
        outcome = Outcome(MessageStatus.COMPLETE, content)
        position = await _next_position(connection, conversation.id)
        question = Message(self._new_id(), conversation.id, position, Role.USER, now, outcome)
        await connection.execute(insert(messages).values(message_values(question)))
        if position == 1:
            unnamed = and_(conversations.c.id == conversation.id, conversations.c.titled == 0)
            await connection.execute(update(conversations).where(unnamed).values(title=title_from(content)))
        return question

    async def _open_answer(self, connection: AsyncConnection, conversation_id: str, position: int) -> Message:
        now = self._clock()
        outcome = Outcome(MessageStatus.ANSWERING, "")
        answer = Message(self._new_id(), conversation_id, position, Role.ASSISTANT, now, outcome)
        lease = {"worker": self._worker, "lease_until": now + LEASE_S}
        await connection.execute(insert(messages).values(message_values(answer, lease)))
        return answer

    async def checkpoint(self, texts: Mapping[str, str]) -> None:
        """Store how far answers are (message id -> text) and renew this process' lease on them."""
        statement = (
            update(messages)
            .where(messages.c.id == bindparam("of"), messages.c.status == str(MessageStatus.ANSWERING))
            .values(content=bindparam("text"), lease_until=bindparam("until"))
        )
        until = self._clock() + LEASE_S
        rows = [{"of": message_id, "text": text, "until": until} for message_id, text in texts.items()]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement, rows)

        if rows:
            await self._database.write(work)

    async def finish(self, message_id: str, outcome: Outcome) -> None:
        """Store how an answer of this process ended; nothing happens if it is gone.

        It also corrects an answer that another process took for orphaned while this one was too slow to
        renew its lease.
        """
        statement = (
            update(messages)
            .where(messages.c.id == message_id, messages.c.worker == self._worker)
            .values(**outcome_values(outcome), worker=None, lease_until=None)
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._database.write(work)

    async def abort_orphans(self) -> int:
        """Mark the half answers of processes that ended as aborted, and return how many there were."""
        leased = select(messages.c.id, messages.c.worker, messages.c.lease_until).where(
            messages.c.lease_until.is_not(None)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(leased)).mappings().all()
        now = self._clock()
        orphans = [row["id"] for row in rows if row["lease_until"] < now or is_gone(row["worker"])]
        if not orphans:
            return 0
        statement = (
            update(messages)
            .where(messages.c.id.in_(orphans), messages.c.status == str(MessageStatus.ANSWERING))
            .values(
                status=str(MessageStatus.ABORTED),
                lease_until=None,
                error_code="process_ended",
                error_message="The service ended before the answer was complete.",
            )
        )

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(statement)).rowcount

        return await self._database.write(work)

    async def forget_keys(self, older_than: float) -> int:
        """Drop request keys made before `older_than` and return how many there were."""

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(keys).where(keys.c.created_at < older_than))).rowcount

        return await self._database.write(work)


async def _message(connection: AsyncConnection, message_id: str) -> Message:
    result = await connection.execute(select_messages().where(messages.c.id == message_id))
    return message_of(result.mappings().one())


async def _next_position(connection: AsyncConnection, conversation_id: str) -> int:
    last = select(func.max(messages.c.position)).where(messages.c.conversation_id == conversation_id)
    return int((await connection.execute(last)).scalar() or 0) + 1

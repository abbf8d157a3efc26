"""Idempotency keys in the database; the functions run inside a unit of work of a store."""

from sqlalchemy import RowMapping, and_, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.idempotency import KeyReusedError, RequestKey
from wattos_platform.services.chat.adapters.tables import request_keys
from wattos_platform.services.chat.domain.records import Owner


async def seen(connection: AsyncConnection, owner: Owner, key: RequestKey | None) -> RowMapping | None:
    """Return what `key` made before, None for a new key or none; KeyReusedError for another request's key."""
    if key is None:
        return None
    result = await connection.execute(
        select(request_keys).where(
            and_(
                request_keys.c.tenant == owner.tenant,
                request_keys.c.user_id == owner.user,
                request_keys.c.key == key.key,
            )
        )
    )
    row = result.mappings().first()
    if row is not None and row["fingerprint"] != key.fingerprint:
        raise KeyReusedError(key.key)
    return row


async def remember(
    connection: AsyncConnection,
    owner: Owner,
    key: RequestKey | None,
    *,
    conversation_id: str,
    now: float,
    question_id: str | None = None,
    answer_id: str | None = None,
) -> None:
    """Store what the request with `key` made; nothing without a key."""
    if key is None:
        return
    await connection.execute(
        insert(request_keys).values(
            tenant=owner.tenant,
            user_id=owner.user,
            key=key.key,
            fingerprint=key.fingerprint,
            conversation_id=conversation_id,
            question_id=question_id,
            answer_id=answer_id,
            created_at=now,
        )
    )

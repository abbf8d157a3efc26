"""Documents in the database: what callers ask of them. What ingestion does to them is in `chunks`."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.rag.adapters.jobs import add_job
from wattos_platform.services.rag.adapters.tables import document_texts, documents, jobs, spaces
from wattos_platform.services.rag.domain.records import MAX_DOCUMENTS_PER_SPACE, Document, Space
from wattos_platform.services.rag.ports import SpaceGoneError, TooManyDocumentsError

SEEN = ("queued", "processing", "ready", "failed")
_COLUMNS = tuple(
    spaces.c.id.label("space_id") if name == "space_id" else documents.c[name] for name in Document.__slots__
)


class SqlDocuments:
    """Implements DocumentStore; every look-up names the tenant."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, document: Document) -> tuple[Document, bool]:
        """Queue `document` and return it with True, or the one it repeats with False.

        It repeats the newest of its name when the content is the same and that one did not fail; a failed one
        is removed. TooManyDocumentsError, SpaceGoneError.
        """

        async def work(connection: AsyncConnection) -> str:
            there = select(spaces.c.key).where(
                spaces.c.key == document.space_key, spaces.c.tenant == document.tenant
            )
            if (await connection.execute(there)).first() is None:
                raise SpaceGoneError
            newest = await _newest(connection, document)
            if newest is not None:
                if newest.status != "failed" and newest.content_hash == document.content_hash:
                    return newest.id
                if newest.status == "failed":
                    await hide(connection, newest, self._clock())
            await self._insert(connection, document)
            return document.id

        kept = await self._database.write(work)
        found = await self.get(document.tenant, kept)
        return (found or document), kept == document.id

    async def _insert(self, connection: AsyncConnection, document: Document) -> None:
        count = select(func.count()).where(
            documents.c.space_key == document.space_key, documents.c.status.in_(SEEN)
        )
        if (await connection.execute(count)).scalar_one() >= MAX_DOCUMENTS_PER_SPACE:
            raise TooManyDocumentsError
        values = {name: getattr(document, name) for name in Document.__slots__ if name != "space_id"}
        await connection.execute(insert(documents).values(values))
        await add_job(connection, "ingest", document.id, document.caller, document.created_at)

    async def get(self, tenant: str, document_id: str) -> Document | None:
        """Return the tenant's document, None if it has no such."""
        async with self._database.read() as connection:
            query = _select().where(documents.c.id == document_id, documents.c.tenant == tenant)
            row = (await connection.execute(query.where(documents.c.status.in_(SEEN)))).one_or_none()
        return None if row is None else Document(*row)

    async def page(self, space: Space, after: str, limit: int) -> list[Document]:
        """Return up to `limit` documents of the space whose id comes after `after`, oldest first."""
        async with self._database.read() as connection:
            query = _select().where(
                documents.c.space_key == space.key, documents.c.status.in_(SEEN), documents.c.id > after
            )
            rows = await connection.execute(query.order_by(documents.c.id).limit(limit))
            return [Document(*row) for row in rows]

    async def text(self, document: Document) -> str | None:
        """Return the stored text, None as long as the document is not read."""
        async with self._database.read() as connection:
            query = select(document_texts.c.text).where(document_texts.c.document_id == document.id)
            return (await connection.execute(query)).scalar_one_or_none()

    async def remove(self, document: Document) -> None:
        """Make the document unseen at once; a job removes its rows."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> None:
            await hide(connection, document, now)

        await self._database.write(work)

    async def awaiting(self, document_ids: list[str]) -> dict[str, bool]:
        """Return those of `document_ids` that there are, and whether their upload is still to be read."""
        async with self._database.read() as connection:
            query = select(documents.c.id, documents.c.status).where(documents.c.id.in_(document_ids))
            found = (await connection.execute(query)).all()
        return {each: status in {"queued", "processing"} for each, status in found}


def _select() -> Select[Any]:
    return select(*_COLUMNS).join(spaces, spaces.c.key == documents.c.space_key)


async def load(connection: AsyncConnection, document_id: str) -> Document | None:
    """Return a document of whichever tenant, removed ones too: for background work on a stored job."""
    row = (await connection.execute(_select().where(documents.c.id == document_id))).one_or_none()
    return None if row is None else Document(*row)


async def hide(connection: AsyncConnection, document: Document, now: float) -> None:
    """Make a document unseen within the caller's transaction and queue the removal of its rows."""
    hidden = await connection.execute(
        update(documents)
        .where(documents.c.id == document.id, documents.c.status != "removed")
        .values(status="removed", updated_at=now)
    )
    if hidden.rowcount != 1:
        return
    await connection.execute(delete(jobs).where(jobs.c.subject == document.id))
    await add_job(connection, "purge", document.id, document.caller, now)
    await new_version(connection, document.space_key)


async def new_version(connection: AsyncConnection, space_key: int) -> None:
    """Say that something else can be found in the space now; cached searches of before are void."""
    await connection.execute(
        update(spaces).where(spaces.c.key == space_key).values(version=spaces.c.version + 1)
    )


async def others_of_name(connection: AsyncConnection, document: Document) -> list[Document]:
    """Return the other ready and failed documents of the same name in the same space."""
    query = _select().where(
        documents.c.space_key == document.space_key,
        documents.c.name == document.name,
        documents.c.id != document.id,
        documents.c.status.in_(("ready", "failed")),
    )
    return [Document(*row) for row in await connection.execute(query)]


async def _newest(connection: AsyncConnection, document: Document) -> Document | None:
    query = _select().where(
        documents.c.space_key == document.space_key,
        documents.c.name == document.name,
        documents.c.status.in_(SEEN),
    )
    row = (await connection.execute(query.order_by(documents.c.id.desc()).limit(1))).first()
    return None if row is None else Document(*row)

"""What ingestion writes: text, chunks and full-text rows, then the one switch that makes them seen."""

import time
from collections.abc import Callable
from functools import partial

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.rag.adapters.documents import hide, load, new_version, others_of_name
from wattos_platform.services.rag.adapters.fulltext import IndexRow, add_rows, drop_index, remove_rows
from wattos_platform.services.rag.adapters.jobs import SqlJobs, add_job
from wattos_platform.services.rag.adapters.tables import chunks, document_texts, documents, spaces, vectors
from wattos_platform.services.rag.domain.prepared import Prepared
from wattos_platform.services.rag.domain.records import Document, Job
from wattos_platform.services.rag.domain.terms import index_terms
from wattos_platform.services.rag.ports import LeaseLostError

# Rows per transaction: a fraction of a second of the write lock, whatever the document's size.
BATCH = 500


class SqlChunks:
    """Implements ChunkStore, each step under the job's lease."""

    def __init__(self, database: Database, queue: SqlJobs, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._queue = queue
        self._clock = clock

    async def begin(self, job: Job) -> Document:
        """Mark the job's document as processing and return it; LeaseLostError if it is gone."""

        async def work(connection: AsyncConnection) -> Document:
            await self._queue.hold(connection, job)
            document = await load(connection, job.subject)
            if document is None or document.status == "removed":
                raise LeaseLostError
            if document.status == "queued":
                await _set(connection, document, status="processing", updated_at=self._clock())
            return document

        return await self._database.write(work)

    async def store(self, job: Job, document: Document, prepared: Prepared) -> None:
        """Write text, chunks and index and make the document ready in place of older ones of its name.

        A document of up to 500 chunks is one transaction. A longer one is written in several, unseen until
        the last; what an earlier attempt left of it is removed first.
        LeaseLostError if the job is another's now.
        """
        await self.wipe(document, job)
        last = max(len(prepared.chunks) - 1, 0) // BATCH
        for number in range(last + 1):
            await self._database.write(partial(self._batch, job, document, prepared, (number, last)))

    async def _batch(
        self,
        job: Job,
        document: Document,
        prepared: Prepared,
        batch: tuple[int, int],
        connection: AsyncConnection,
    ) -> None:
        number, last = batch
        await self._queue.hold(connection, job)
        if number == 0:
            values = {"document_id": document.id, "text": prepared.text}
            await connection.execute(insert(document_texts).values(values))
        await _add_chunks(connection, document, prepared, number * BATCH)
        if number == last:
            await self._publish(connection, job, document, len(prepared.chunks))

    async def _publish(self, connection: AsyncConnection, job: Job, document: Document, count: int) -> None:
        now = self._clock()
        await self._queue.finish(connection, job)
        for other in await others_of_name(connection, document):
            if other.id > document.id and other.status == "ready":
                await hide(connection, document, now)  # a newer upload of this name was faster
                return
            if other.id < document.id:
                await hide(connection, other, now)
        await _set(connection, document, status="ready", error=None, chunks=count, updated_at=now)
        await add_job(connection, "embed", document.id, document.caller, now)
        await new_version(connection, document.space_key)

    async def fail(self, job: Job, reason: str) -> None:
        """End the job with its document failed, for `reason`."""

        async def work(connection: AsyncConnection) -> None:
            await self._queue.finish(connection, job)
            document = await load(connection, job.subject)
            if document is not None and document.status != "removed":
                await _set(connection, document, status="failed", error=reason, updated_at=self._clock())

        await self._database.write(work)

    async def wipe(self, document: Document, job: Job) -> None:
        """Remove the document's vectors, index rows, chunks and text, in small transactions."""

        async def work(connection: AsyncConnection) -> int:
            await self._queue.hold(connection, job)
            mine = select(chunks.c.key).where(chunks.c.document_id == document.id).limit(BATCH)
            keys = list((await connection.execute(mine)).scalars())
            if keys:
                await remove_rows(connection, document.space_key, keys)
                await connection.execute(delete(vectors).where(vectors.c.chunk_key.in_(keys)))
                await connection.execute(delete(chunks).where(chunks.c.key.in_(keys)))
            else:
                await connection.execute(
                    delete(document_texts).where(document_texts.c.document_id == document.id)
                )
            return len(keys)

        while await self._database.write(work):
            continue

    async def purge(self, job: Job) -> None:
        """Remove every row of a removed document."""
        async with self._database.read() as connection:
            document = await load(connection, job.subject)
        if document is not None:
            await self.wipe(document, job)

        async def work(connection: AsyncConnection) -> None:
            await self._queue.finish(connection, job)
            await connection.execute(delete(documents).where(documents.c.id == job.subject))

        await self._database.write(work)

    async def purge_space(self, job: Job, forgotten: Callable[[str], None]) -> None:
        """Remove a removed space's rows, then its index; `forgotten` hears each document."""
        key = int(job.subject)
        while True:
            async with self._database.read() as connection:
                first = select(documents.c.id).where(documents.c.space_key == key).limit(1)
                document_id = (await connection.execute(first)).scalar_one_or_none()
                document = None if document_id is None else await load(connection, document_id)
            if document is None:
                break
            await self.wipe(document, job)
            forgotten(document.id)
            await self._forget(document)

        async def work(connection: AsyncConnection) -> None:
            await self._queue.finish(connection, job)
            await drop_index(connection, key)
            await connection.execute(delete(spaces).where(spaces.c.key == key))

        await self._database.write(work)

    async def _forget(self, document: Document) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(documents).where(documents.c.id == document.id))

        await self._database.write(work)


async def _set(connection: AsyncConnection, document: Document, **values: object) -> None:
    await connection.execute(update(documents).where(documents.c.id == document.id).values(**values))


async def _add_chunks(
    connection: AsyncConnection, document: Document, prepared: Prepared, first: int
) -> None:
    batch = prepared.chunks[first : first + BATCH]
    if not batch:
        return
    name = " ".join(index_terms(document.name.rpartition(".")[0]))
    rows = [
        {
            "document_id": document.id,
            "ordinal": first + at,
            "start": each.start,
            "end": each.end,
            "heading": each.heading,
            "text": prepared.text[each.start : each.end],
        }
        for at, each in enumerate(batch)
    ]
    inserted = insert(chunks).returning(chunks.c.key, sort_by_parameter_order=True)
    keys = (await connection.execute(inserted, rows)).scalars()
    terms = (
        IndexRow(key, name, each.heading_terms, each.body_terms)
        for key, each in zip(keys, batch, strict=True)
    )
    await add_rows(connection, document.space_key, list(terms))

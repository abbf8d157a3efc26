"""Vectors in the database: the truth of which the matrices in memory are copies."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.rag.adapters.documents import load, new_version
from wattos_platform.services.rag.adapters.jobs import SqlJobs
from wattos_platform.services.rag.adapters.tables import chunks, documents, spaces, vectors
from wattos_platform.services.rag.domain.records import Document, Job, Space
from wattos_platform.services.rag.ports import Embeddings, LeaseLostError, MixedEmbeddingsError

PAGE = 4000


class SqlVectors:
    """Implements VectorStore and VectorPages; one row per chunk."""

    def __init__(self, database: Database, queue: SqlJobs) -> None:
        self._database = database
        self._queue = queue

    async def missing(self, document: Document, limit: int) -> list[tuple[int, str, str]]:
        """Return (chunk key, heading, text) of up to `limit` chunks of the document that have no vector."""
        query = (
            select(chunks.c.key, chunks.c.heading, chunks.c.text)
            .outerjoin(vectors, vectors.c.chunk_key == chunks.c.key)
            .where(chunks.c.document_id == document.id, vectors.c.chunk_key.is_(None))
            .order_by(chunks.c.key)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(query)]

    async def document(self, job: Job) -> Document | None:
        """Return the job's document while it is ready."""
        async with self._database.read() as connection:
            found = await load(connection, job.subject)
        return found if found is not None and found.status == "ready" else None

    async def add(
        self, job: Job, document: Document, model: str, keys: Sequence[int], made: Embeddings
    ) -> None:
        """Store the vectors of the chunks `keys` under the job's lease.

        The first vectors fix the space's model and dimension; others are refused with MixedEmbeddingsError.
        LeaseLostError if the job is another's or the document was removed.
        """

        async def work(connection: AsyncConnection) -> None:
            await self._queue.progressed(connection, job)
            current = await load(connection, document.id)
            if current is None or current.status != "ready":
                raise LeaseLostError
            await _bind(connection, document.space_key, model, made.dimension)
            rows = [
                {
                    "chunk_key": key,
                    "space_key": document.space_key,
                    "document_id": document.id,
                    "vector": vector,
                }
                for key, vector in zip(keys, made.vectors, strict=True)
            ]
            await connection.execute(insert(vectors), rows)
            await connection.execute(
                update(documents)
                .where(documents.c.id == document.id)
                .values(embedded=documents.c.embedded + len(rows))
            )
            await new_version(connection, document.space_key)

        await self._database.write(work)

    async def finish(self, job: Job) -> None:
        """End an embedding job."""

        async def work(connection: AsyncConnection) -> None:
            await self._queue.finish(connection, job)

        await self._database.write(work)

    async def keys(self, space: Space) -> list[int]:
        """Return the chunks of ready documents that have a vector, in ascending order."""
        query = (
            select(vectors.c.chunk_key)
            .join(documents, documents.c.id == vectors.c.document_id)
            .where(vectors.c.space_key == space.key, documents.c.status == "ready")
            .order_by(vectors.c.chunk_key)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def page(self, space: Space, after: int) -> list[tuple[int, bytes]]:
        """Return up to 4000 (chunk key, vector) of the space with keys greater than `after`, ascending."""
        query = (
            select(vectors.c.chunk_key, vectors.c.vector)
            .where(vectors.c.space_key == space.key, vectors.c.chunk_key > after)
            .order_by(vectors.c.chunk_key)
            .limit(PAGE)
        )
        async with self._database.read() as connection:
            return [(row[0], row[1]) for row in await connection.execute(query)]

    async def lagging(self) -> int:
        """Return how many chunks of ready documents have no vector yet."""
        query = select(func.coalesce(func.sum(documents.c.chunks - documents.c.embedded), 0))
        async with self._database.read() as connection:
            return int((await connection.execute(query.where(documents.c.status == "ready"))).scalar_one())


async def _bind(connection: AsyncConnection, space_key: int, model: str, dimension: int) -> None:
    query = select(spaces.c.embedding_model, spaces.c.embedding_dimension).where(spaces.c.key == space_key)
    bound_model, bound_dimension = (await connection.execute(query)).one()
    if bound_model is None:
        await connection.execute(
            update(spaces)
            .where(spaces.c.key == space_key)
            .values(embedding_model=model, embedding_dimension=dimension)
        )
    elif (bound_model, bound_dimension) != (model, dimension):
        raise MixedEmbeddingsError(
            f"the space holds vectors of {bound_model} ({bound_dimension} dimensions), "
            f"these are of {model} ({dimension})"
        )

"""From chunk keys to passages, and the text half of a search."""

from collections.abc import Sequence

from sqlalchemy import select, text

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.rag.adapters.filtering import allowed
from wattos_platform.services.rag.adapters.fulltext import candidates, corpus
from wattos_platform.services.rag.adapters.tables import chunks, documents
from wattos_platform.services.rag.domain.ranking import rank
from wattos_platform.services.rag.domain.records import Filters, Space, StoredPassage
from wattos_platform.services.rag.domain.terms import query_terms


class SqlPassages:
    """Implements PassageStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_text(
        self, space: Space, query: str, filters: Filters, count: int
    ) -> list[tuple[int, float]]:
        """Return (chunk key, text score) of the passages that fit the words of `query`, best first."""
        terms = query_terms(query)
        if not terms:
            return []
        async with self._database.read() as connection:
            found = await candidates(connection, space.key, terms, allowed(filters), count)
            if not found:
                return []
            return rank(terms, found, await corpus(connection, space.key, terms))

    async def allowed_keys(self, space: Space, filters: Filters) -> list[int] | None:
        """Return the chunks with a vector whose documents pass `filters`; None when all do."""
        if filters == Filters():
            return None
        condition = allowed(filters)
        statement = (
            "SELECT v.chunk_key FROM vectors v JOIN documents d ON d.id = v.document_id "  # noqa: S608 - parameters only
            f"WHERE v.space_key = :space_key AND {condition.condition}"
        )
        async with self._database.read() as connection:
            rows = await connection.execute(text(statement), {"space_key": space.key, **condition.values})
            return list(rows.scalars())

    async def load(self, space: Space, keys: Sequence[int]) -> dict[int, StoredPassage]:
        """Return the passages of `keys` that are still there and of this space."""
        query = (
            select(chunks, documents.c.name.label("document"), documents.c.media_type)
            .join(documents, documents.c.id == chunks.c.document_id)
            .where(chunks.c.key.in_(keys), documents.c.space_key == space.key, documents.c.status == "ready")
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {
            row.key: StoredPassage(
                row.key,
                f"{row.document_id}:{row.ordinal}",
                row.document_id,
                row.document,
                row.media_type,
                row.start,
                row.end,
                row.heading,
                row.text,
            )
            for row in rows
        }

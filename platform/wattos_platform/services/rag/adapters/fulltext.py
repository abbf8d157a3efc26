"""One FTS5 index per space: no tenant's words change the ranking of another's, and a space goes with a DROP.

The tables' names are built from the space's integer key, never from anything a caller sends. They stand in
brackets so that the statement counters, whose label is the table, are not given one per space.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.services.rag.adapters.filtering import Allowed
from wattos_platform.services.rag.domain.ranking import Candidate, Corpus
from wattos_platform.services.rag.domain.terms import match_expression

# How much a word in the document's name, in the headings above and in the text itself counts.
NAME_WEIGHT, HEADING_WEIGHT, BODY_WEIGHT = 2.0, 2.0, 1.0


@dataclass(frozen=True, slots=True)
class IndexRow:
    """The terms of one chunk, separated by blanks; `key` is the chunk's."""

    key: int
    name: str
    heading: str
    body: str


# ruff: noqa: S608 - the only thing put into a statement is an integer key of ours


async def create_index(connection: AsyncConnection, space_key: int) -> None:
    """Make the full-text index of a space and the table that tells how many chunks hold a term."""
    await connection.execute(
        text(
            f"CREATE VIRTUAL TABLE [fts_{space_key:d}] USING fts5"
            "(name, heading, body, tokenize='unicode61 remove_diacritics 0')"
        )
    )
    await connection.execute(
        text(f"CREATE VIRTUAL TABLE [terms_{space_key:d}] USING fts5vocab([fts_{space_key:d}], 'row')")
    )


async def drop_index(connection: AsyncConnection, space_key: int) -> None:
    """Remove a space's full-text index."""
    await connection.execute(text(f"DROP TABLE IF EXISTS [terms_{space_key:d}]"))
    await connection.execute(text(f"DROP TABLE IF EXISTS [fts_{space_key:d}]"))


async def add_rows(connection: AsyncConnection, space_key: int, rows: Sequence[IndexRow]) -> None:
    """Index chunks."""
    if rows:
        await connection.execute(
            text(
                f"INSERT INTO [fts_{space_key:d}](rowid, name, heading, body) "
                "VALUES (:key, :name, :heading, :body)"
            ),
            [{"key": row.key, "name": row.name, "heading": row.heading, "body": row.body} for row in rows],
        )


async def remove_rows(connection: AsyncConnection, space_key: int, keys: Sequence[int]) -> None:
    """Take chunks out of the index."""
    if keys:
        await connection.execute(
            text(f"DELETE FROM [fts_{space_key:d}] WHERE rowid = :key"), [{"key": key} for key in keys]
        )


async def candidates(
    connection: AsyncConnection, space_key: int, terms: Sequence[str], only: Allowed, count: int
) -> list[Candidate]:
    """Return the `count` best chunks by BM25, best first, of the documents `only` names."""
    table = f"[fts_{space_key:d}]"
    rows = await connection.execute(
        text(
            f"SELECT c.key, {table}.name, {table}.heading, {table}.body FROM chunks c "
            f"JOIN {table} ON {table}.rowid = c.key JOIN documents d ON d.id = c.document_id "
            f"WHERE {table} MATCH :expression AND {only.condition} "
            f"ORDER BY bm25({table}, {NAME_WEIGHT}, {HEADING_WEIGHT}, {BODY_WEIGHT}), c.key LIMIT :count"
        ),
        {"expression": match_expression(list(terms)), "count": count, **only.values},
    )
    return [Candidate(row[0], row[1].split(), row[2].split(), row[3].split()) for row in rows]


async def corpus(connection: AsyncConnection, space_key: int, terms: Sequence[str]) -> Corpus:
    """Return how many chunks there are and in how many each term occurs."""
    size = (await connection.execute(text(f"SELECT count(*) FROM [fts_{space_key:d}_docsize]"))).scalar_one()
    frequencies: dict[str, int] = {}
    for term in terms:
        row = await connection.execute(
            text(f"SELECT doc FROM [terms_{space_key:d}] WHERE term = :term"), {"term": term}
        )
        frequencies[term] = row.scalar() or 0
    return Corpus(size, frequencies)

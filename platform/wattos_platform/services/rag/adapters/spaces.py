"""Knowledge spaces in the database; every look-up names the tenant."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.rag.adapters.fulltext import create_index
from wattos_platform.services.rag.adapters.jobs import add_job
from wattos_platform.services.rag.adapters.tables import documents, jobs, spaces
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.records import MAX_SPACES_PER_TENANT, Caller, Document, Space
from wattos_platform.services.rag.ports import SpaceExistsError, TooManySpacesError


class SqlSpaces:
    """Implements SpaceStore."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, space: Space) -> Space:
        """Store space and empty index, return it with its key; SpaceExistsError, TooManySpacesError."""
        values = {
            **{name: getattr(space, name) for name in ("id", "tenant", "name", "description", "created_at")},
            "chunking": json.dumps(asdict(space.chunking)),
            "redact": json.dumps(space.redact),
        }

        async def work(connection: AsyncConnection) -> int:
            count = select(func.count()).where(spaces.c.tenant == space.tenant)
            if (await connection.execute(count)).scalar_one() >= MAX_SPACES_PER_TENANT:
                raise TooManySpacesError
            inserted = insert(spaces).values(values).returning(spaces.c.key)
            key = int((await connection.execute(inserted)).scalar_one())
            await create_index(connection, key)
            return key

        try:
            return replace(space, key=await self._database.write(work))
        except IntegrityError as error:
            raise SpaceExistsError from error

    async def get(self, tenant: str, space_id: str) -> Space | None:
        """Return the tenant's space, None if it has no such."""
        async with self._database.read() as connection:
            query = _counted().where(spaces.c.tenant == tenant, spaces.c.id == space_id)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _space(row)

    async def of(self, document: Document) -> Space:
        """Return the document's space, of whichever tenant: for background work on a stored document."""
        async with self._database.read() as connection:
            query = _counted().where(spaces.c.key == document.space_key)
            return _space((await connection.execute(query)).one())

    async def page(self, tenant: str, after: str, limit: int) -> list[Space]:
        """Return up to `limit` spaces of the tenant whose id comes after `after`, oldest first."""
        async with self._database.read() as connection:
            query = _counted().where(spaces.c.tenant == tenant, spaces.c.id > after)
            rows = await connection.execute(query.order_by(spaces.c.id).limit(limit))
            return [_space(row) for row in rows]

    async def remove(self, space: Space, caller: Caller) -> None:
        """Make the space and its documents unseen at once; a job removes their rows."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> None:
            # No tenant is named "": nothing finds them any more, and the name is free again.
            hidden = await connection.execute(
                update(spaces)
                .where(spaces.c.key == space.key, spaces.c.tenant == space.tenant)
                .values(tenant="", name=space.id)
            )
            if hidden.rowcount != 1:  # somebody else removed it a moment ago
                return
            mine = documents.c.space_key == space.key
            await connection.execute(
                jobs.delete().where(jobs.c.subject.in_(select(documents.c.id).where(mine)))
            )
            await connection.execute(update(documents).where(mine).values(tenant="", status="removed"))
            await add_job(connection, "purge_space", str(space.key), caller, now)

        await self._database.write(work)


def _counted() -> Select[Any]:
    ready = (documents.c.space_key == spaces.c.key) & (documents.c.status == "ready")
    count = select(func.count()).where(ready).scalar_subquery().label("documents")
    total = (
        select(func.coalesce(func.sum(documents.c.chunks), 0)).where(ready).scalar_subquery().label("chunks")
    )
    return select(spaces, count, total)


def _space(row: Row[Any]) -> Space:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    fields["chunking"] = Chunking(**json.loads(fields["chunking"]))
    fields["redact"] = tuple(json.loads(fields["redact"]))
    return Space(**fields)

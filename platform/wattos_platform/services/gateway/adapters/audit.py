"""The audit log in the gateway's database: rows gathered in memory, stored together, at most 100 ms late."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.telemetry import Counter
from wattos_platform.services.gateway.adapters.tables import audit_log
from wattos_platform.services.gateway.domain.audit import AuditRecord

MAX_WAITING = 20_000
_ASK_AGAIN_S = 1.0


class DatabaseAuditLog:
    """Implements the port AuditLog.

    One unit of work is enqueued for all rows that arrive before the writer gets to it, and its INSERT is
    handed to the driver with plain tuples: a row costs 5 us, where a unit of its own costs 2 ms and
    SQLAlchemy's parameter handling 15 us. While the database takes no rows they wait; when more than 20 000
    do, new ones are dropped and counted in `dropped`.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float], dropped: Counter) -> None:
        self._database = database
        self._monotonic = monotonic
        self._dropped = dropped
        self._waiting: deque[AuditRecord] = deque()
        self._asked_at: float | None = None
        self._waiting_since = inf

    def record(self, record: AuditRecord) -> None:
        """Keep `record` without waiting."""
        if len(self._waiting) >= MAX_WAITING:
            self._dropped.inc()
            return
        self._waiting.append(record)
        now = self._monotonic()
        self._waiting_since = min(self._waiting_since, now)
        # A unit that the writer had to drop never runs: without asking again, it would be the last.
        if self._asked_at is None or now - self._asked_at > _ASK_AGAIN_S:
            self._asked_at = now
            self._database.enqueue(self._unit())

    def is_behind(self) -> bool:
        """Return whether rows wait for more than a second: the database does not take them."""
        return self._monotonic() - self._waiting_since > _ASK_AGAIN_S

    async def page(self, tenant: str, before: int | None, limit: int) -> Sequence[tuple[int, AuditRecord]]:
        """Return up to `limit` records of `tenant`, newest first, older than the row `before`."""
        query = (
            select(audit_log).where(audit_log.c.tenant == tenant).order_by(audit_log.c.id.desc()).limit(limit)
        )
        if before is not None:
            query = query.where(audit_log.c.id < before)
        async with self._database.read() as connection:
            return [_record(row) for row in await connection.execute(query)]

    async def purge(self, before: float, most: int) -> int:
        """Delete up to `most` rows older than this instant and return how many went."""
        # Rows are stored in the order of their time, so the first ones are looked at and no index is needed.
        first = select(audit_log.c.id, audit_log.c.at).order_by(audit_log.c.id).limit(most).subquery()
        old = delete(audit_log).where(audit_log.c.id.in_(select(first.c.id).where(first.c.at < before)))

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(old)).rowcount

        return await self._database.write(work)

    def _unit(self) -> Callable[[AsyncConnection], Awaitable[None]]:
        """Return work that stores all that waits when it runs; run again, the same and what came since."""
        rows: list[AuditRecord] = []

        async def store(connection: AsyncConnection) -> None:
            self._asked_at = None
            rows.extend(self._waiting)
            self._waiting.clear()
            if rows:
                await self._insert(connection, rows)
            self._waiting_since = self._monotonic() if self._waiting else inf

        return store

    async def _insert(self, connection: AsyncConnection, rows: list[AuditRecord]) -> None:
        statement = insert(audit_log).compile(dialect=connection.dialect, column_keys=AuditRecord._fields)
        try:
            await connection.exec_driver_sql(str(statement), rows)
        except BaseException:
            self._waiting.extendleft(reversed(rows))
            rows.clear()
            raise


def _record(row: Row[Any]) -> tuple[int, AuditRecord]:
    values = row._asdict()
    return values.pop("id"), AuditRecord(**values)

"""Engines over one SQLite file: WAL, bounded pool, statement time-out."""

from functools import partial
from pathlib import Path

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from wattos_platform.kernel.db.settings import DatabaseSettings
from wattos_platform.kernel.db.sqlite_driver import FusedDbapi, WatchedConnection


def sqlite_engine(
    path: Path, settings: DatabaseSettings, driver: FusedDbapi, *, read_only: bool
) -> AsyncEngine:
    """Return an engine over `path` whose connections `driver` opens; nothing is opened yet.

    The writer's engine (`read_only=False`) has one connection; the readers' refuses every write. Statements
    end after `settings.statement_timeout_s` with "interrupted"; a locked database is waited for as long.
    """
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        module=driver,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=settings.pool_size if read_only else 1,
        max_overflow=0,
        pool_timeout=settings.pool_wait_s,
        connect_args={
            "timeout": settings.statement_timeout_s,
            "isolation_level": None,
            "factory": partial(
                WatchedConnection, statement_timeout_s=settings.statement_timeout_s, read_only=read_only
            ),
        },
    )
    if not read_only:
        # The driver's own transactions begin late and know no savepoint; isolation_level=None turns them
        # off. IMMEDIATE takes the write lock at once: a deferred one can fail half-way through the work.
        event.listen(
            engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE")
        )
    return engine

"""A service's database: bounded readers, one batching writer."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from wattos_platform.kernel.db.engine import sqlite_engine
from wattos_platform.kernel.db.errors import translate
from wattos_platform.kernel.db.guard import DatabaseGuard
from wattos_platform.kernel.db.instrumentation import instrument
from wattos_platform.kernel.db.settings import DatabaseSettings
from wattos_platform.kernel.db.sqlite_driver import FusedDbapi
from wattos_platform.kernel.db.writer import BatchingWriter, T, Work
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.telemetry import Log, Meter, NullLog, NullMeter

_PING = text("SELECT 1")


class Database:
    """What a service's repositories are given. Made by `Database.open`; belongs to one event loop."""

    def __init__(
        self,
        path: Path,
        settings: DatabaseSettings,
        *,
        guard: DatabaseGuard,
        meter: Meter,
        log: Log,
        monotonic: Callable[[], float],
    ) -> None:
        self.path = path
        self._meter = meter
        self._guard = guard
        self._monotonic = monotonic
        self._close_timeout_s = settings.close_timeout_s
        self._driver = FusedDbapi()
        self._readers: AsyncEngine = sqlite_engine(path, settings, self._driver, read_only=True)
        self._write_engine: AsyncEngine = sqlite_engine(path, settings, self._driver, read_only=False)
        for engine in (self._readers, self._write_engine):
            instrument(engine, meter, monotonic)
        self._writer = BatchingWriter(
            self._write_engine, settings, guard.writing, meter, log, monotonic=monotonic
        )
        self._pool_wait = meter.histogram("db_pool_wait_seconds")

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        settings: DatabaseSettings | None = None,
        breakers: BreakerRegistry | None = None,
        meter: Meter | None = None,
        log: Log | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> "Database":
        """Return the database in the SQLite file `path` with its writer running.

        A database that is down is no error here: readiness says so, calls raise DatabaseUnavailableError,
        and both recover by themselves. Calls pass the circuit breakers of `breakers` (its own without them),
        as `DatabaseGuard` describes.
        """
        breakers = breakers or BreakerRegistry(BreakerSettings(), clock=monotonic)
        database = cls(
            path,
            settings or DatabaseSettings(),
            guard=DatabaseGuard(breakers),
            meter=meter or NullMeter(),
            log=log or NullLog(),
            monotonic=monotonic,
        )
        database._writer.start()
        return database

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection that can only read; every statement sees what is committed when it starts.

        Raises DatabaseUnavailableError when no connection is free within the pool wait, when the database
        is gone or its breaker open, and for a statement that exceeds the statement time-out.
        """
        with self._guard.reading():
            async with self._connection() as connection:
                yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        asked = self._monotonic()
        lent = False
        try:
            async with self._readers.connect() as connection:
                lent = True
                self._pool_wait.observe(self._monotonic() - asked)
                yield connection
        except Exception as error:
            if not lent:
                self._pool_wait.observe(self._monotonic() - asked)
            outage = translate(error, reading=True)
            if outage is None:
                raise
            raise outage from error

    async def write(self, work: Work[T]) -> T:
        """Run `work(connection)` and return its result once it is committed.

        Several callers' work shares a transaction; an exception in `work` rolls back that work only and is
        raised here. Keep `work` to statements: it holds the only write lock and is given up after the work
        time-out. Raises DatabaseUnavailableError when the queue is full, a breaker open, or the database
        cannot be written.
        """
        with self._guard.writing():
            return await self._writer.submit(work)

    def enqueue(self, work: Work[object]) -> bool:
        """Commit `work` at most 100 ms later without waiting: usage and audit rows, nothing else.

        While the database cannot be written the row waits, and `work` runs again if the transaction that it
        ran in was not committed. When the queue is full (False) or `work` itself fails, the row is dropped,
        counted (`db_rows_dropped_total`) and logged.
        """
        return self._writer.enqueue(work)

    def publish(self) -> None:
        """Tell the meter how much waits to be written; the metrics endpoint calls it before an exposition."""
        self._writer.publish()

    async def ping(self) -> None:
        """Return when the database answers a query; DatabaseUnavailableError if it does not.

        Past the breakers: a check must see what is there.
        """
        async with self._connection() as connection:
            await connection.execute(_PING)

    async def close(self) -> None:
        """Commit what waits, then close every connection; the loop may end when this returns."""
        await self._writer.close()
        await self._write_engine.dispose()
        await self._readers.dispose()
        await self._driver.close(self._close_timeout_s)

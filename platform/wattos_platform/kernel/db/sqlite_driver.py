"""An aiosqlite adapter that needs one hop to the connection's thread per statement.

SQLAlchemy's own adapter hops four times (cursor, execute, fetchall, close) and a hop is most of what a small
statement costs. Rows are fetched whole: a result must fit in memory.
"""

import asyncio
import collections
import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from threading import Thread
from typing import Any, cast

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncIODBAPIConnection
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import EMPTY_DICT
from sqlalchemy.util.concurrency import await_

_Outcome = tuple[Any, int, int | None, list[Any]]

# How many SQLite instructions run between two looks at the clock: about a millisecond's worth.
_INSTRUCTIONS_PER_LOOK = 50_000
# SQLite's own 2 MB for each of up to five connections was a tenth of a service's memory. A page that is read
# again is still in the system's cache: searches over 50 MB of text took as long with a quarter of it.
_CACHE_KIB = 512


class WatchedConnection(sqlite3.Connection):
    """A connection set up the way every connection must be, whose statements end at their time-out.

    WAL lets readers go on while the writer writes; `synchronous=NORMAL` may lose the last commits on power
    failure, never on a crash of the process, and never damages the file.
    """

    def __init__(self, *args: Any, statement_timeout_s: float, read_only: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._statement_timeout_s = statement_timeout_s
        self._deadline = float("inf")
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")
        self.execute("PRAGMA foreign_keys=ON")
        self.execute("PRAGMA temp_store=MEMORY")
        self.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if read_only:
            self.execute("PRAGMA query_only=ON")
        self.set_progress_handler(self._overdue, _INSTRUCTIONS_PER_LOOK)

    def _overdue(self) -> bool:
        return time.monotonic() > self._deadline

    def run(self, many: bool, sql: str, parameters: Any) -> _Outcome:  # noqa: FBT001 - it travels through a queue
        """Run one statement and return (description, rowcount, lastrowid, rows)."""
        self._deadline = time.monotonic() + self._statement_timeout_s
        cursor = self.cursor()
        try:
            if many:
                cursor.executemany(sql, parameters)
            else:
                cursor.execute(sql, parameters)
            rows = cursor.fetchall() if cursor.description else []
            return cursor.description, cursor.rowcount, cursor.lastrowid, rows
        finally:
            cursor.close()


class FusedCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that exists only after its statement has run, holding all rows."""

    __slots__ = ("_outcome",)

    def __init__(self, adapt_connection: AsyncAdapt_aiosqlite_connection) -> None:
        # The base class would open a cursor here: one hop for nothing.
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection  # noqa: SLF001 - the adapter's own contract
        self._soft_closed_memoized = EMPTY_DICT
        self._rows = collections.deque()
        self._outcome: _Outcome = (None, -1, None, [])

    @property
    def description(self) -> Any:
        """Return the columns of the last statement, None if it returns no rows."""
        return self._outcome[0]

    @property
    def rowcount(self) -> int:
        """Return the number of rows the last statement changed, -1 if it changed none."""
        return self._outcome[1]

    @property
    def lastrowid(self) -> int:
        """Return the rowid of the last inserted row."""
        return self._outcome[2] or 0

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        """Run one statement and fetch its rows; raises the driver's errors."""
        return self._hop(False, operation, parameters or ())

    def executemany(self, operation: Any, seq_of_parameters: Sequence[Any]) -> Any:
        """Run one statement for each set of parameters."""
        return self._hop(True, operation, seq_of_parameters)

    def _hop(self, many: bool, operation: str, parameters: Any) -> Any:  # noqa: FBT001 - as above
        driver = self._connection
        try:
            self._outcome = await_(driver._execute(driver._conn.run, many, operation, parameters))  # noqa: SLF001 - one hop, which aiosqlite does not offer
        except Exception as error:  # noqa: BLE001 - translated by the adapter
            self._adapt_connection._handle_exception(error)  # noqa: SLF001 - same
        self._rows = collections.deque(self._outcome[3])
        return self

    async def _async_soft_close(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Drop the rows; nothing else is open."""
        self._rows.clear()


class FusedConnection(AsyncAdapt_aiosqlite_connection):
    """The adapter's connection with the one-hop cursor."""

    __slots__ = ()

    _cursor_cls = FusedCursor  # type: ignore[assignment]  # declared as the type of its own class

    def rollback(self) -> None:
        """Roll back if a transaction is open; one hop only then."""
        driver = self._connection
        if driver._connection and driver.in_transaction:  # noqa: SLF001 - None once closed
            super().rollback()

    def commit(self) -> None:
        """Commit if a transaction is open; one hop only then."""
        driver = self._connection
        if driver._connection and driver.in_transaction:  # noqa: SLF001 - None once closed
            super().commit()


class ThreadedConnection(aiosqlite.Connection):
    """A connection with its own daemon thread, which is told to stop once however many ask.

    aiosqlite would wait for ever for a second stop, as a thread that has ended answers none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(partial(sqlite3.connect, *args, **kwargs), iter_chunk_size=64)
        self._stopped: asyncio.Future[Any] | None = None
        # Not daemonic, a thread left open by a crash at start would keep the dying process alive.
        self.thread.daemon = True

    @property
    def thread(self) -> Thread:
        """Return the thread all statements run in."""
        return self._thread

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread after what is queued; return what is done by then, None without a loop."""
        if self._stopped is None:
            self._stopped = super().stop()
        return self._stopped and asyncio.shield(self._stopped)


class FusedDbapi(AsyncAdapt_aiosqlite_dbapi):
    """The DBAPI module handed to SQLAlchemy (`create_async_engine(module=...)`); knows what it opened."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)
        # No more than the pools hold and what is being given up: each connect forgets what has ended.
        self._opened: list[ThreadedConnection] = []

    def connect(self, *args: Any, **kwargs: Any) -> FusedConnection:
        """Open a connection with its own thread."""
        connection = ThreadedConnection(*args, **kwargs)
        self._opened = [*self._alive(), connection]
        return FusedConnection(self, cast("AsyncIODBAPIConnection", await_(connection)))

    async def close(self, timeout_s: float) -> None:
        """Stop every connection after what it is doing, and return once their threads have ended.

        Not all are in a pool: one is lent, another was being opened or read when that was cancelled. A thread
        that outlives its loop cannot tell its result and fails. Waits `timeout_s` at most.
        """
        alive = self._alive()
        for connection in alive:
            connection.stop()
        if alive:
            await asyncio.to_thread(_join, [connection.thread for connection in alive], timeout_s)

    def _alive(self) -> list[ThreadedConnection]:
        return [connection for connection in self._opened if connection.thread.is_alive()]


def _join(threads: Sequence[Thread], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))

"""A closed database leaves nothing behind: no thread that would outlive the loop, no task that never ends."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.settings import DatabaseSettings

SETTINGS = DatabaseSettings(statement_timeout_s=0.2)
ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")

Work = Callable[[Database, asyncio.Event], Awaitable[None]]


async def connecting(database: Database, begun: asyncio.Event) -> None:
    begun.set()
    await database.ping()


async def reading(database: Database, begun: asyncio.Event) -> None:
    async with database.read() as connection:
        begun.set()
        await connection.execute(ENDLESS)


async def writing(database: Database, begun: asyncio.Event) -> None:
    async def work(connection):
        begun.set()
        await connection.execute(ENDLESS)

    await database.write(work)


@pytest.mark.parametrize("cancellations", [0, 1, 2])
@pytest.mark.parametrize("work", [connecting, reading, writing])
def test_nothing_outlives_a_closed_database(tmp_path: Path, work: Work, cancellations: int) -> None:
    before = set(threading.enumerate())

    async def leave_in_the_middle() -> None:
        database, begun = await Database.open(tmp_path / "x.db", settings=SETTINGS), asyncio.Event()
        task = asyncio.ensure_future(work(database, begun))
        await begun.wait()
        for _ in range(cancellations):
            task.cancel()
            await asyncio.sleep(0)
        if cancellations:
            await asyncio.wait({task})
        await database.close()
        assert {
            thread for thread in set(threading.enumerate()) - before if "connection" in thread.name
        } == set()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        if work is connecting:
            # A connection sets its file to WAL first, and waits for this lock until the time-out.
            other.execute("BEGIN EXCLUSIVE")
        asyncio.run(leave_in_the_middle())

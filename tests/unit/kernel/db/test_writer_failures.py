"""A writer that breaks off by a mistake of ours tells it, tells who waits, and goes on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.database import PATIENT
from tests.fakes.kernel.meter import FakeLog, FakeMeter
from wattos_platform.kernel.db.engine import sqlite_engine
from wattos_platform.kernel.db.sqlite_driver import FusedDbapi
from wattos_platform.kernel.db.writer import BatchingWriter


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    opened = sqlite_engine(tmp_path / "notes.db", PATIENT, FusedDbapi(), read_only=False)
    yield opened
    await opened.dispose()


class Passage:
    """Lets late work through to the breakers, after it was broken `times` times."""

    def __init__(self, times: int) -> None:
        self._times = times

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if self._times:
            self._times -= 1
            raise ValueError("no breaker of that name")
        yield


async def one(connection: AsyncConnection) -> int:
    return int((await connection.execute(text("SELECT 1"))).scalar_one())


async def written(engine: AsyncEngine, passage: Passage) -> tuple[FakeLog, FakeMeter, int]:
    """Write one late row, then one that is waited for; return log, meter and what was waited for."""
    log, meter = FakeLog(), FakeMeter()
    writer = BatchingWriter(engine, PATIENT, passage, meter, log, sleep=FakeClock().sleep)
    writer.start()
    committed = asyncio.Event()

    async def late(connection: AsyncConnection) -> None:
        await one(connection)
        committed.set()

    async with asyncio.timeout(60):
        assert writer.enqueue(late)
        while not committed.is_set() and not log.events:
            await asyncio.sleep(0.001)
        found = await writer.submit(one)
        await writer.close()
    return log, meter, found


async def test_it_is_told_and_the_writer_goes_on(engine: AsyncEngine) -> None:
    log, meter, found = await written(engine, Passage(times=1))
    assert found == 1
    assert log.failures() == [("database-writer", "no breaker of that name")]
    assert meter.total("db_rows_dropped_total") == 1, "the row is counted, not forgotten"


async def test_a_normal_stop_is_silent(engine: AsyncEngine) -> None:
    log, meter, found = await written(engine, Passage(times=0))
    assert (found, log.events, meter.total("db_rows_dropped_total")) == (1, [], 0)

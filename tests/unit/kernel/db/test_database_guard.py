"""The circuit breakers before a database: what opens them, what they then refuse, what goes on."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from tests.fakes.kernel.breaker_calls import refused
from tests.fakes.kernel.meter import FakeMeter
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.db.readiness import refused_writes
from wattos_platform.kernel.db.settings import DatabaseSettings
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings

METADATA = MetaData()
NOTES = Table("notes", METADATA, Column("id", Integer, primary_key=True), Column("body", String))
SETTINGS = DatabaseSettings(pool_size=1, pool_wait_s=0.02, statement_timeout_s=0.15, lag_s=0.001)


@pytest.fixture
def breakers(clock):
    return BreakerRegistry(BreakerSettings(failure_threshold=3, jitter=0), clock=clock)


@pytest.fixture
async def database(tmp_path, breakers, log):
    opened = await Database.open(
        tmp_path / "notes.db", settings=SETTINGS, breakers=breakers, meter=FakeMeter(), log=log
    )
    await opened.write(lambda connection: connection.run_sync(METADATA.create_all))
    yield opened
    await opened.close()


@pytest.fixture
def states(breakers):
    return lambda: [str(breakers.find(name).snapshot().state) for name in ("db:main", "db:writes")]


@asynccontextmanager
async def locked(database):
    """Hold the write lock, as another process would."""
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def add(number):
    return lambda connection: connection.execute(insert(NOTES).values(id=number, body="x"))


async def numbers(database):
    async with database.read() as connection:
        return list((await connection.execute(select(NOTES.c.id).order_by(NOTES.c.id))).scalars())


async def until(condition):
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.005)


async def fail_to_write(database, times=1):
    for _ in range(times):
        with pytest.raises(DatabaseUnavailableError):
            await database.write(add(1))


async def test_a_held_lock_opens_the_way_to_writing_and_reading_goes_on(database, states, clock):
    async with locked(database):
        await fail_to_write(database, 3)
        assert states() == ["closed", "open"]
        with pytest.raises(DatabaseUnavailableError, match="circuit breaker db:writes is open") as refusal:
            await database.write(add(1))
        assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "5")
        assert await numbers(database) == []
        clock.advance(5)
        await fail_to_write(database)
        assert states() == ["closed", "open"]
    clock.advance(10)
    await database.write(add(1))
    assert states() == ["closed", "closed"]


async def test_health_tells_that_nothing_can_be_written_for_as_long_as_it_is_refused(
    database, breakers, clock
):
    assert refused_writes(breakers) == {}
    async with locked(database):
        await fail_to_write(database, 3)
        told = refused_writes(breakers)["db:writes"]
        assert (told.status, told.critical) == ("down", False)
        assert told.message == "nothing can be written, circuit breaker db:writes is open, try again in 5.0 s"
        clock.advance(5)
        assert refused_writes(breakers) == {}, "the next write is tried"
        probe = asyncio.create_task(database.write(add(1)))
        await asyncio.sleep(0)
        assert "half_open" in str(refused_writes(breakers)["db:writes"].message)
        await asyncio.wait({probe})
        assert isinstance(probe.exception(), DatabaseUnavailableError)
    clock.advance(10)
    await database.write(add(1))
    assert refused_writes(breakers) == {}


async def test_a_damaged_file_opens_the_database_as_a_whole(tmp_path, breakers, states):
    (tmp_path / "bad.db").write_bytes(b"this is no database" * 1000)
    database = await Database.open(tmp_path / "bad.db", settings=SETTINGS, breakers=breakers)
    await fail_to_write(database, 3)
    assert states() == ["open", "open"]
    with pytest.raises(DatabaseUnavailableError, match="circuit breaker db:main is open"):
        await numbers(database)
    await database.close()


async def test_statements_that_take_too_long_open_it(database, states):
    endless = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError, match="time-out"):
            async with database.read() as connection:
                await connection.execute(endless)
    assert states() == ["open", "closed"]


async def test_what_the_work_did_wrong_is_an_answer(database, states, breakers):
    await database.write(add(1))
    for _ in range(10):
        with pytest.raises(IntegrityError):
            await database.write(add(1))
        with pytest.raises(ServiceError):
            async with database.read():
                raise ServiceError(404, "not_found", "m")
    assert states() == ["closed", "closed"]
    assert breakers.find("db:main").total_failures == 0


async def test_what_never_reached_the_database_does_not_count(database, states, breakers):
    async with database.read():
        for _ in range(10):
            with pytest.raises(DatabaseUnavailableError, match="no free connection"):
                await numbers(database)
    assert states() == ["closed", "closed"]
    assert breakers.find("db:main").total_failures == 0


async def test_a_cancelled_call_gives_its_permit_back(database, breakers, clock):
    breaker, end = breakers.find("db:main"), asyncio.Event()
    breaker.trip(ttl_s=1)
    clock.advance(1)
    task = asyncio.create_task(database.write(lambda _connection: end.wait()))
    await asyncio.sleep(0)
    assert refused(breaker)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not refused(breaker)
    end.set()


@pytest.mark.parametrize(("name", "reads"), [("db:main", False), ("db:writes", True)])
async def test_a_trip_by_hand_stops_all_or_writing_alone(database, breakers, name, reads):
    breakers.find(name).trip(reason="maintenance")
    await fail_to_write(database)
    if reads:
        assert await numbers(database) == []
    else:
        with pytest.raises(DatabaseUnavailableError):
            await numbers(database)
    await database.ping()


async def test_rows_that_nobody_waits_for_are_held_while_the_breaker_refuses(database, breakers, log):
    breaker = breakers.find("db:writes")
    breaker.trip(reason="maintenance")
    assert all(database.enqueue(add(number)) for number in range(1, 101))
    await asyncio.sleep(0.05)
    assert await numbers(database) == []
    breaker.reset()
    await database.write(add(1000))
    await until(lambda: has(database, 101))
    assert log.events == []


async def has(database, count):
    return len(await numbers(database)) == count


async def test_rows_that_were_held_are_written_at_the_end(database, breakers):
    breakers.find("db:writes").trip(reason="maintenance")
    database.enqueue(add(1))
    await asyncio.sleep(0.05)
    await database.close()
    with closing(sqlite3.connect(database.path)) as other:
        assert other.execute("SELECT id FROM notes").fetchall() == [(1,)]


async def test_a_late_row_probes_when_nobody_else_writes(database, states, clock):
    async with locked(database):
        await fail_to_write(database, 3)
    clock.advance(5)
    database.enqueue(add(1))
    await until(lambda: has(database, 1))
    assert states() == ["closed", "closed"]

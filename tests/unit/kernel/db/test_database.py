"""The database layer on real SQLite files."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.fakes.kernel.clock import FakeClock
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.db.settings import DatabaseSettings

METADATA = MetaData()
NOTES = Table("notes", METADATA, Column("id", Integer, primary_key=True), Column("body", String))


@pytest.fixture
async def database(tmp_path, meter, log):
    settings = DatabaseSettings(pool_size=2, pool_wait_s=0.05, statement_timeout_s=0.3, queue_size=50)
    opened = await Database.open(tmp_path / "notes.db", settings=settings, meter=meter, log=log)
    await opened.write(lambda connection: connection.run_sync(METADATA.create_all))
    yield opened
    await opened.close()


def add(body: str, number: int | None = None):
    async def work(connection):
        values = {"body": body} if number is None else {"body": body, "id": number}
        result = await connection.execute(insert(NOTES).values(**values))
        return result.inserted_primary_key[0]

    return work


async def bodies(database):
    async with database.read() as connection:
        return list((await connection.execute(select(NOTES.c.body).order_by(NOTES.c.id))).scalars())


async def taken_up(database):
    """Return as soon as the writer is at what was waiting for it."""
    await asyncio.sleep(0)
    while database._writer._waiting:
        await asyncio.sleep(0)


async def test_write_returns_the_result_after_the_commit(database):
    number = await database.write(add("one"))

    with closing(sqlite3.connect(database.path)) as other:
        assert other.execute("SELECT body FROM notes WHERE id=?", (number,)).fetchall() == [("one",)]


async def test_concurrent_writes_share_commits_and_keep_their_order(database):
    numbers = await asyncio.gather(*(database.write(add(f"n{i}")) for i in range(40)))

    assert numbers == sorted(numbers)
    assert await bodies(database) == [f"n{i}" for i in range(40)]


async def test_a_failing_unit_rolls_back_only_itself(database):
    async def half(connection):
        await add("lost")(connection)
        raise LookupError("on purpose")

    results = await asyncio.gather(
        database.write(add("a", 1)),
        database.write(half),
        database.write(add("b", 1)),
        database.write(add("c")),
        return_exceptions=True,
    )

    assert results[0] == 1
    assert isinstance(results[1], LookupError)
    assert isinstance(results[2], IntegrityError)
    assert await bodies(database) == ["a", "c"]


async def test_a_failing_unit_alone_rolls_back(database):
    async def half(connection):
        await add("lost")(connection)
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        await database.write(half)
    assert await bodies(database) == []


async def test_a_unit_that_never_ends_does_not_stop_the_writer(tmp_path):
    database = await Database.open(tmp_path / "x.db", settings=DatabaseSettings(work_timeout_s=1))
    await database.write(lambda connection: connection.run_sync(METADATA.create_all))
    never = asyncio.Event()

    async def hang(connection):
        await add("lost")(connection)
        await never.wait()

    with pytest.raises(DatabaseUnavailableError):
        await database.write(hang)
    await database.write(add("after"))
    assert await bodies(database) == ["after"]
    await database.close()


async def test_a_cancelled_caller_takes_its_waiting_work_out(database):
    gate = asyncio.Event()

    async def slow(connection):
        await gate.wait()

    first = asyncio.create_task(database.write(slow))
    await taken_up(database)
    second = asyncio.create_task(database.write(add("cancelled")))
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    await first
    await database.write(add("kept"))

    assert await bodies(database) == ["kept"]


async def test_write_inside_work_is_refused_instead_of_waiting_for_itself(database):
    async def nested(connection):
        await database.write(add("inner"))

    with pytest.raises(RuntimeError, match="wait for itself"):
        await database.write(nested)


async def test_a_full_queue_refuses_writes_and_drops_late_rows(database, meter, log):
    gate = asyncio.Event()

    async def slow(connection):
        await gate.wait()

    first = asyncio.create_task(database.write(slow))
    await taken_up(database)
    for _ in range(51):
        database.enqueue(add("late"))
    with pytest.raises(DatabaseUnavailableError) as refused:
        await database.write(add("refused"))
    gate.set()
    await first

    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"] == "1"
    assert meter.total("db_rows_dropped_total") == 1
    assert [event for _, event, _ in log.events] == ["row.dropped"]


async def test_enqueued_rows_are_committed_by_the_time_of_close(tmp_path):
    database = await Database.open(tmp_path / "x.db")
    await database.write(lambda connection: connection.run_sync(METADATA.create_all))
    for number in range(200):
        database.enqueue(add(f"late{number}"))
    await database.close()

    with closing(sqlite3.connect(tmp_path / "x.db")) as other:
        assert other.execute("SELECT count(*) FROM notes").fetchone() == (200,)
    with pytest.raises(DatabaseUnavailableError, match="closing"):
        await database.write(add("too late"))


async def test_an_enqueued_row_that_fails_is_counted_and_logged(database, meter, log):
    await database.write(add("first", 1))
    database.enqueue(add("same key", 1))
    await database.write(add("other"))

    assert meter.total("db_rows_dropped_total") == 1
    assert log.events[0][:2] == ("error", "row.dropped")


async def test_late_rows_outlive_a_locked_database(database, meter):
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        database.enqueue(add("late"))
        await asyncio.sleep(0.05)
        with pytest.raises(DatabaseUnavailableError, match="locked"):
            await database.write(add("urgent"))
        other.execute("ROLLBACK")
    await database.write(add("after"))
    async with asyncio.timeout(20):
        while sorted(await bodies(database)) != ["after", "late"]:
            await asyncio.sleep(0.01)
    assert meter.total("db_rows_dropped_total") == 0


async def test_late_rows_are_not_lost_with_a_neighbour_that_never_ends(tmp_path, meter):
    settings = DatabaseSettings(work_timeout_s=1)
    database = await Database.open(tmp_path / "x.db", settings=settings, meter=meter)
    await database.write(lambda connection: connection.run_sync(METADATA.create_all))
    never = asyncio.Event()
    database.enqueue(add("late"))
    with pytest.raises(DatabaseUnavailableError):
        await database.write(lambda _connection: never.wait())
    async with asyncio.timeout(20):
        while await bodies(database) != ["late"]:
            await asyncio.sleep(0.01)
    await database.close()
    assert meter.total("db_rows_dropped_total") == 0


async def test_readers_cannot_write(database):
    with pytest.raises(OperationalError, match="readonly"):
        async with database.read() as connection:
            await connection.execute(insert(NOTES).values(body="no"))


async def test_no_free_connection_is_a_503(database):
    async with database.read(), database.read():
        with pytest.raises(DatabaseUnavailableError, match="no free connection"):
            await database.ping()
    await database.ping()


async def test_a_statement_ends_at_its_timeout(database):
    endless = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    with pytest.raises(DatabaseUnavailableError, match="statement time-out"):
        async with database.read() as connection:
            await connection.execute(endless)
    await database.ping()


async def test_a_database_locked_by_another_process_is_a_503_and_recovers(database):
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnavailableError, match="locked"):
            await database.write(add("blocked"))
        other.execute("ROLLBACK")
    await database.write(add("free"))
    assert await bodies(database) == ["free"]


async def test_who_waits_behind_a_locked_database_waits_for_one_timeout_only(database):
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        first = asyncio.create_task(database.write(add("first")))
        await taken_up(database)
        behind = asyncio.create_task(database.write(add("behind")))
        await asyncio.wait({first})
        await asyncio.sleep(0)
        assert behind.done(), "the database was locked while it waited, and it need not find that out again"
        for refused in (first, behind):
            with pytest.raises(DatabaseUnavailableError, match="locked"):
                await refused
        other.execute("ROLLBACK")
    await database.write(add("free"))
    assert await bodies(database) == ["free"]


async def test_who_waits_behind_a_unit_that_never_ends_is_written(tmp_path):
    database = await Database.open(tmp_path / "x.db", settings=DatabaseSettings(work_timeout_s=1))
    await database.write(lambda connection: connection.run_sync(METADATA.create_all))
    never, begun = asyncio.Event(), asyncio.Event()

    async def hang(_connection):
        begun.set()
        await never.wait()

    hanging = asyncio.create_task(database.write(hang))
    await begun.wait()
    await database.write(add("behind"))
    with pytest.raises(DatabaseUnavailableError):
        await hanging
    assert await bodies(database) == ["behind"]
    await database.close()


async def test_a_missing_table_is_a_bug_and_not_an_outage(database):
    with pytest.raises(OperationalError, match="no such table"):
        async with database.read() as connection:
            await connection.execute(text("SELECT * FROM nowhere"))


async def test_a_database_that_cannot_be_opened_says_so(tmp_path):
    database = await Database.open(tmp_path / "missing" / "x.db")
    with pytest.raises(DatabaseUnavailableError, match="cannot be opened"):
        await database.ping()
    (tmp_path / "missing").mkdir()
    await database.ping()
    await database.close()


@pytest.mark.parametrize(
    "success", [pytest.param(True, id="defect-7"), pytest.param(False, id="defect-7-failed")]
)
async def test_every_statement_is_counted_and_timed(database, meter, success):
    if success:
        await database.write(add("one"))
        async with database.read() as connection:
            await connection.execute(select(func.count()).select_from(NOTES))
        assert meter.total("db_queries_total", operation="insert", table="notes", success="true") == 1
        assert meter.total("db_queries_total", operation="select", table="notes", success="true") == 1
        assert meter.count("db_query_duration_seconds", operation="insert") == 1
    else:
        await database.write(add("one", 1))
        with pytest.raises(IntegrityError):
            await database.write(add("again", 1))
        assert meter.total("db_queries_total", operation="insert", table="notes", success="false") == 1


async def test_the_wait_for_a_connection_is_measured(database, meter):
    before = meter.count("db_pool_wait_seconds")
    await database.ping()
    assert meter.count("db_pool_wait_seconds") == before + 1


async def test_what_waits_to_be_written_is_told_with_the_age_of_the_oldest(tmp_path, meter):
    clock = FakeClock()
    database = await Database.open(tmp_path / "slow.db", meter=meter, monotonic=clock)
    held = asyncio.Event()

    async def slow(_connection):
        await held.wait()

    try:
        first = asyncio.create_task(database.write(slow))
        while not meter.count("db_write_queue_length"):
            await asyncio.sleep(0)
            database.publish()
        second = asyncio.create_task(database.write(slow))
        while not meter.total("db_write_queue_length"):
            await asyncio.sleep(0)
            database.publish()
        clock.advance(7.0)
        database.publish()
        assert meter.total("db_write_queue_length") == 1
        assert meter.total("db_write_queue_age_seconds") == 7.0
        held.set()
        await asyncio.gather(first, second)
        database.publish()
        assert meter.total("db_write_queue_length") == 0
        assert meter.total("db_write_queue_age_seconds") == 0
    finally:
        held.set()
        await database.close()


async def test_a_wait_in_vain_is_measured_too(database, meter):
    async with database.read(), database.read():
        before = meter.count("db_pool_wait_seconds")
        with pytest.raises(DatabaseUnavailableError, match="no free connection"):
            await database.ping()
        assert meter.count("db_pool_wait_seconds") == before + 1
    assert meter.total("db_pool_wait_seconds") >= 0.05

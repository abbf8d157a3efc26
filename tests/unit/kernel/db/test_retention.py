"""What is too old goes a little at a time, in the background, whatever fails."""

import asyncio

import pytest
from sqlalchemy import Column, Float, Index, MetaData, String, Table, func, insert, select
from structlog.testing import CapturingLogger

from tests.fakes.kernel.clock import FakeClock
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.db.retention import (
    BATCH_ROWS,
    DAY_S,
    INTERVAL_S,
    PAUSE_S,
    Kept,
    Retention,
    delete_before,
)

TABLE = Table(
    "things",
    MetaData(),
    Column("id", String(16), primary_key=True),
    Column("at", Float),
    Index("ix_things_at", "at"),
)


class Rows:
    """Instants that can be purged; `down` is raised instead."""

    def __init__(self, *instants: float) -> None:
        self.instants = sorted(instants)
        self.batches: list[int] = []
        self.down: Exception | None = None

    async def purge(self, before: float, most: int) -> int:
        if self.down is not None:
            raise self.down
        gone = len([at for at in self.instants if at < before][:most])
        self.instants = self.instants[gone:]
        self.batches.append(gone)
        return gone


class Log(CapturingLogger):
    def __call__(self):
        return [(call.method_name, *call.args, call.kwargs["records"]) for call in self.calls]


def retention(clock: FakeClock, log: Log, **kinds: Rows) -> Retention:
    kept = [Kept(name, DAY_S, rows.purge) for name, rows in kinds.items()]
    return Retention(kept, clock=clock, sleep=clock.sleep, log=log)


async def test_what_is_older_than_it_is_kept_goes_and_the_rest_stays():
    clock, rows, log = FakeClock(now=3 * DAY_S), Rows(1.0, 2 * DAY_S - 1, 2 * DAY_S, 3 * DAY_S), Log()
    assert await retention(clock, log, usage=rows).purge() == 2
    assert rows.instants == [2 * DAY_S, 3 * DAY_S]
    assert log() == [("info", "records.purged", "usage")]


@pytest.mark.parametrize(
    ("old", "batches"),
    [
        (0, [0]),
        (BATCH_ROWS - 1, [BATCH_ROWS - 1]),
        (BATCH_ROWS, [BATCH_ROWS, 0]),
        (2 * BATCH_ROWS + 7, [BATCH_ROWS, BATCH_ROWS, 7]),
    ],
)
async def test_much_goes_in_batches_with_pauses_for_those_who_write(old, batches):
    clock, rows = FakeClock(now=3 * DAY_S), Rows(*range(old))
    assert await retention(clock, Log(), usage=rows).purge() == old
    assert rows.batches == batches
    assert clock.sleeps == [PAUSE_S] * (len(batches) - 1)


async def test_a_kind_that_fails_is_told_and_stops_no_other():
    clock, broken, rows, log = FakeClock(now=3 * DAY_S), Rows(1.0), Rows(1.0), Log()
    broken.down = ConnectionError("the database is down")
    assert await retention(clock, log, audit=broken, usage=rows).purge() == 1
    assert log() == [("warning", "purge.failed", "audit"), ("info", "records.purged", "usage")]


@pytest.mark.parametrize(
    ("problem", "has_stack"), [(DatabaseUnavailableError("is locked"), False), (KeyError("id"), True)]
)
async def test_a_stack_tells_of_what_is_no_outage(problem, has_stack):
    rows, log = Rows(1.0), Log()
    rows.down = problem
    assert await retention(FakeClock(now=3 * DAY_S), log, usage=rows).purge() == 0
    (told,) = log.calls
    assert (told.args, told.kwargs["error"]) == (("purge.failed",), str(problem))
    assert told.kwargs["exc_info"] is (problem if has_stack else None)


async def test_it_runs_at_start_and_every_hour_and_ends_with_its_block():
    clock, rows, waits = FakeClock(now=3 * DAY_S), Rows(1.0, 2 * DAY_S + 1), asyncio.Queue[float]()
    go_on = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.put_nowait(seconds)
        await go_on.wait()
        go_on.clear()

    keeper = Retention([Kept("usage", DAY_S, rows.purge)], clock=clock, sleep=sleep, log=Log())
    async with keeper.running():
        assert await waits.get() == INTERVAL_S
        assert rows.batches == [1]
        clock.advance(INTERVAL_S)
        go_on.set()
        assert await waits.get() == INTERVAL_S
        assert rows.batches == [1, 1]
    go_on.set()
    await asyncio.sleep(0)
    assert waits.empty()


async def test_the_statement_deletes_the_oldest_by_the_index(tmp_path):
    database = await Database.open(tmp_path / "things.db")

    async def fill(connection):
        await connection.run_sync(TABLE.metadata.create_all)
        await connection.execute(insert(TABLE), [{"id": str(n), "at": float(9 - n)} for n in range(9)])

    async def purge(connection):
        plan = delete_before(TABLE.c.at, 6.0, 3).compile(connection, compile_kwargs={"literal_binds": True})
        told = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan}")).all()
        gone = (await connection.execute(delete_before(TABLE.c.at, 6.0, 3))).rowcount
        return gone, " ".join(row[-1] for row in told)

    await database.write(fill)
    gone, plan = await database.write(purge)
    async with database.read() as connection:
        left = (await connection.execute(select(func.min(TABLE.c.at), func.count()))).one()
    await database.close()
    assert (gone, *left) == (3, 4.0, 6)
    assert "ix_things_at" in plan
    assert "SCAN" not in plan

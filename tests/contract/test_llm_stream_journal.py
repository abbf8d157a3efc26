"""One suite for the journal of streams in memory and in the database."""

import pytest
from sqlalchemy import insert

from tests.contract.test_llm_usage_log import asked, call
from tests.fakes.kernel.database import make_database
from tests.fakes.kernel.meter import FakeLog
from tests.fakes.llm.stream_journal import FakeStreamJournal
from tests.fakes.llm.usage_reports import FakeUsageLog
from wattos_platform.kernel.db.database import Database
from wattos_platform.services.llm_gateway.adapters.stream_journal import DatabaseStreamJournal
from wattos_platform.services.llm_gateway.adapters.tables import llm_streams
from wattos_platform.services.llm_gateway.adapters.usage_log import DatabaseUsageLog
from wattos_platform.services.llm_gateway.adapters.usage_reports import DatabaseUsageReports

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def database(tmp_path):
    file = tmp_path / "llm-gateway.db"
    make_database(file, "llm-gateway")
    opened = await Database.open(file)
    yield opened
    await opened.close()


@pytest.fixture(params=["fake", "database"])
def stores(request, database):
    """A journal, the rows that it makes, and their reports."""
    if request.param == "fake":
        rows = FakeUsageLog()
        return FakeStreamJournal(rows), rows, rows
    return (
        DatabaseStreamJournal(database, 0, FakeLog()),
        DatabaseUsageLog(database),
        DatabaseUsageReports(database),
    )


async def counted(reports):
    totals = (await reports.sums(asked(0, 500))).totals
    return totals["calls"], totals["cost_pico_usd"], totals["prompt_tokens"]


async def test_what_was_kept_last_becomes_rows_once(stores):
    journal, _, reports = stores
    await journal.replace([call(1), call(2)])
    await journal.replace([call(2, cost_pico_usd=None), call(3)])
    assert await journal.recover() == 2
    assert await counted(reports) == (2, 12_500, 20)
    assert await journal.recover() == 0
    assert await counted(reports) == (2, 12_500, 20)


async def test_what_is_a_row_already_is_not_counted_again(stores, database):
    journal, rows, reports = stores
    await journal.replace([call(number) for number in range(1, 4)])
    rows.record(call(2, cost_pico_usd=1))
    await database.write(_nothing)
    assert await journal.recover() == 2
    assert await counted(reports) == (3, 25_001, 30)


async def test_an_empty_journal_leaves_nothing(stores):
    journal, _, reports = stores
    await journal.replace([call(1)])
    await journal.replace([])
    assert await journal.recover() == 0
    assert await counted(reports) == (0, 0, 0)


async def test_each_replica_recovers_its_own(database):
    mine, other = (DatabaseStreamJournal(database, replica, FakeLog()) for replica in range(2))
    await mine.replace([call(1)])
    await other.replace([call(2), call(3)])
    assert (await mine.recover(), await other.recover()) == (1, 2)


async def test_more_than_fit_in_one_statement(database):
    journal = DatabaseStreamJournal(database, 0, FakeLog())
    await journal.replace([call(number) for number in range(1, 1201)])
    assert await journal.recover() == 1200


async def test_a_stream_of_another_version_is_told_and_passed_over(database):
    log = FakeLog()
    journal = DatabaseStreamJournal(database, 0, log)
    await journal.replace([call(1)])
    foreign = insert(llm_streams).values(id="x", replica=0, call='{"id": 3}')
    await database.write(lambda connection: connection.execute(foreign))
    assert await journal.recover() == 1
    assert [event for _, event, _ in log.events] == ["stream_journal.unreadable"]


async def _nothing(_connection):
    return None

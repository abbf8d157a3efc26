"""One suite for the usage rows in memory and in the database."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.fakes.kernel.database import make_database, patient_database
from tests.fakes.llm.usage_reports import FakeUsageLog
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.db.settings import DatabaseSettings
from wattos_platform.services.llm_gateway.adapters.usage_log import DatabaseUsageLog
from wattos_platform.services.llm_gateway.adapters.usage_reports import DatabaseUsageReports
from wattos_platform.services.llm_gateway.domain.usage_query import GROUPINGS, UsageQuery
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.ports import CallRecord

DAY = 86_400.0
DEAR = 9_000_000 * 10**12  # two of them are more pico-dollars than 64 bits hold


def call(number: int, **change) -> CallRecord:
    values = {
        "id": str(number),
        "at": 100.0 + number,
        "tenant": "a",
        "user": "u",
        "request_id": "r",
        "operation": "chat",
        "requested_model": "default",
        "provider": "openai",
        "model": "m",
        "usage": Usage(10, 5, 2, 1, cache_write=3),
        "cost_pico_usd": 12_500,
        "latency_ms": 1.0,
        "first_token_ms": None,
        "outcome": "ok",
        "error_type": "",
        "stream": False,
    }
    return CallRecord(**{**values, **change})


CALLS = [
    call(1),
    call(2, usage=Usage(1, 1, estimated=True), cost_pico_usd=None),
    call(3, outcome="error"),
    call(4, provider="local", model="e", cost_pico_usd=0, operation="embeddings"),
    call(5, tenant="b", user="v", outcome="cached"),
    call(6, tenant="b", at=DAY - 0.001, cost_pico_usd=None, model="n"),
    call(7, tenant="b", at=DAY, cost_pico_usd=None, model="n"),
    call(900),
    *(
        call(1000 + n, tenant="rich", at=9 * DAY, cost_pico_usd=DEAR, usage=Usage(2**31, 2**31))
        for n in range(3)
    ),
]


@pytest.fixture(params=["fake", "database"])
async def stores(request, tmp_path):
    """The log and the reports of CALLS."""
    if request.param == "fake":
        fake = FakeUsageLog()
        for each in CALLS:
            fake.record(each)
        yield fake, fake
        return
    file = tmp_path / "llm-gateway.db"
    make_database(file, "llm-gateway")
    database = await patient_database(file)
    rows = DatabaseUsageLog(database)
    for each in CALLS:
        rows.record(each)
    await database.write(_nothing)
    yield rows, DatabaseUsageReports(database)
    await database.close()


@pytest.fixture
def filled(stores):
    return stores[1]


async def _nothing(_connection):
    return None


def asked(since: float, until: float, by: str = "", tenant: str | None = "a") -> UsageQuery:
    return UsageQuery(datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC), by, tenant)


async def test_sums_are_exact_per_provider_model_and_operation(filled):
    dear, free = (await filled.sums(asked(0, 500))).rows
    assert (dear["provider"], dear["model"], dear["operation"]) == ("openai", "m", "chat")
    assert (dear["calls"], dear["prompt_tokens"], dear["completion_tokens"]) == (3, 21, 11)
    assert (dear["cost_pico_usd"], dear["unpriced_calls"]) == (25_000, 1)
    assert (dear["estimated_calls"], dear["failed_calls"], dear["cached_tokens"]) == (1, 1, 4)
    assert (dear["cache_write_tokens"], dear["reasoning_tokens"]) == (6, 2)
    assert (free["provider"], free["cost_pico_usd"]) == ("local", 0)


async def test_a_tenant_sees_its_own_rows_alone(filled):
    (row,) = (await filled.sums(asked(0, 500, tenant="b"))).rows
    assert (row["calls"], row["failed_calls"]) == (1, 0)
    nothing = await filled.sums(asked(0, 500, tenant="c"))
    assert (nothing.rows, nothing.totals["calls"], nothing.totals["cost_pico_usd"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("provider", [("openai",), ("local",)]),
        ("model", [("openai", "m"), ("local", "e"), ("openai", "n")]),
        ("tenant", [("a",), ("b",)]),
        ("day", [("1970-01-01",), ("1970-01-02",)]),
        ("user", [("a", "u"), ("b", "v"), ("b", "u")]),
        ("operation", [("chat",), ("embeddings",)]),
    ],
)
async def test_the_operator_groups_all_tenants_as_it_likes(filled, by, keys):
    found = await filled.sums(asked(0, 2 * DAY, by, None))
    assert [tuple(row[name] for name in GROUPINGS[by]) for row in found.rows] == keys
    assert found.totals["calls"] == sum(row["calls"] for row in found.rows) == 8
    assert (found.totals["cost_pico_usd"], found.totals["unpriced_calls"]) == (50_000, 3)
    assert [(row["provider"], row["model"], row["calls"]) for row in found.unpriced] == [
        ("openai", "n", 2),
        ("openai", "m", 1),
    ]


async def test_midnight_belongs_to_the_new_day(filled):
    days = (await filled.sums(asked(0, 2 * DAY, "day", "b"))).rows
    assert [(row["day"], row["calls"]) for row in days] == [("1970-01-01", 2), ("1970-01-02", 1)]
    assert (await filled.sums(asked(0, DAY, "day", "b"))).totals["calls"] == 2


async def test_old_rows_are_purged_the_oldest_first_and_never_more_than_asked(stores):
    log, filled = stores
    assert await log.purge(DAY, 5) == 5
    assert [row["calls"] for row in (await filled.sums(asked(0, 2 * DAY, "day", None))).rows] == [2, 1]
    assert [await log.purge(DAY, 5), await log.purge(DAY, 5)] == [2, 0]
    assert (await filled.sums(asked(0, 2 * DAY, "day", None))).totals["calls"] == 1


async def test_no_sum_leaves_its_bits(filled):
    found = await filled.sums(asked(0, 10 * DAY, "tenant", "rich"))
    assert found.totals["cost_pico_usd"] == 27_000_000 * 10**12
    assert found.totals["prompt_tokens"] == 3 * 2**31


async def test_totals_are_of_all_rows_when_too_many_to_list(tmp_path):
    file = tmp_path / "llm-gateway.db"
    make_database(file, "llm-gateway")
    database = await patient_database(file)
    rows = DatabaseUsageLog(database)
    for number in range(1005):
        rows.record(call(number, user=f"u{number:04}"))
    await database.write(_nothing)
    found = await DatabaseUsageReports(database).sums(asked(0, 2000, "user"))
    await database.close()
    assert (len(found.rows), found.left_off) == (1000, 5)
    assert (found.totals["calls"], found.totals["cost_pico_usd"]) == (1005, 1005 * 12_500)


async def test_every_replica_reports_the_calls_of_all(tmp_path):
    file = tmp_path / "llm-gateway.db"
    make_database(file, "llm-gateway")
    replicas = [await patient_database(file) for _ in range(2)]
    for number, database in enumerate(replicas):
        DatabaseUsageLog(database).record(call(number))
        await database.write(_nothing)
    totals = [(await DatabaseUsageReports(each).sums(asked(0, 500))).totals["calls"] for each in replicas]
    for database in replicas:
        await database.close()
    assert totals == [2, 2]


@pytest.fixture
async def hasty(tmp_path):
    """Return a database that waits for nobody for long."""
    file = tmp_path / "llm-gateway.db"
    make_database(file, "llm-gateway")
    settings = DatabaseSettings(statement_timeout_s=0.2, work_timeout_s=0.2)
    database = await Database.open(file, settings=settings)
    yield database
    await database.close()


async def stored(database, count: int) -> None:
    """Return once `count` calls are there; they stay so many."""
    async with asyncio.timeout(20):
        while (await DatabaseUsageReports(database).sums(asked(0, 500))).totals["calls"] < count:
            await asyncio.sleep(0.02)
    await database.write(_nothing)
    assert (await DatabaseUsageReports(database).sums(asked(0, 500))).totals["calls"] == count


async def test_calls_during_and_after_an_outage_of_the_database_are_stored(hasty):
    rows = DatabaseUsageLog(hasty)
    with closing(sqlite3.connect(hasty.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        rows.record(call(1))
        for _ in range(2):
            with pytest.raises(DatabaseUnavailableError, match="locked"):
                await hasty.write(_nothing)
        rows.record(call(2))
        other.execute("ROLLBACK")
    rows.record(call(3))
    await stored(hasty, 3)


async def test_calls_whose_transaction_is_not_committed_are_stored_with_the_next(hasty):
    rows = DatabaseUsageLog(hasty)
    never = asyncio.Event()
    rows.record(call(1))
    with pytest.raises(DatabaseUnavailableError):
        await hasty.write(lambda _connection: never.wait())
    rows.record(call(2))
    await stored(hasty, 2)


async def test_a_providers_nonsense_takes_no_other_row_with_it(tmp_path):
    file = tmp_path / "llm-gateway.db"
    make_database(file, "llm-gateway")
    database = await patient_database(file)
    rows = DatabaseUsageLog(database)
    rows.record(call(1))
    rows.record(call(2, usage=Usage(2**64 - 1, 2**70, estimated=True), cost_pico_usd=10**21))
    await database.write(_nothing)
    found = (await DatabaseUsageReports(database).sums(asked(0, 500, "model"))).rows[0]
    await database.close()
    assert (found["calls"], found["unpriced_calls"], found["cost_pico_usd"]) == (2, 1, 12_500)
    assert found["prompt_tokens"] == 2**40 + 10

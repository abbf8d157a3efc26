"""What accounts have spent by the stored rows, read bit by bit."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.database import make_database, patient_database
from wattos_platform.kernel.ids import uuid7
from wattos_platform.services.llm_gateway.adapters.spending import DatabaseSpending
from wattos_platform.services.llm_gateway.adapters.usage_log import DatabaseUsageLog
from wattos_platform.services.llm_gateway.domain.quotas import Account
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.ports import CallRecord

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()
TODAY = datetime(2026, 5, 1, tzinfo=UTC).date()
TENANT, USER, MODEL = Account("tenant", "a", "a"), Account("user", "a", "u"), Account("model", "", "m")


@pytest.fixture
async def database(tmp_path):
    path = tmp_path / "rows.db"
    make_database(path, "llm-gateway")
    opened = await patient_database(path)
    yield opened
    await opened.close()


@pytest.fixture
def clock():
    return FakeClock(NOON)


async def paid(database, at, usd="0.000000001", *, tenant="a", user="u", model="m", cost=True):
    DatabaseUsageLog(database).record(
        CallRecord(
            id=uuid7(),
            at=at,
            tenant=tenant,
            user=user,
            request_id="r",
            operation="chat",
            requested_model=model,
            provider="p",
            model="x",
            usage=Usage(1, 1),
            cost_pico_usd=int(Decimal(usd) * 10**12) if cost else None,
            latency_ms=1.0,
            first_token_ms=None,
            outcome="ok",
            error_type="",
            stream=False,
        )
    )
    await database.write(_nothing)  # what was enqueued before is committed with it


async def _nothing(_connection):
    return None


async def test_an_accounts_rows_of_the_day_are_summed_and_no_others(database, clock):
    spending = DatabaseSpending(database, clock)
    await paid(database, NOON, "0.000000005")
    await paid(database, NOON - 86_400, "1")
    await paid(database, NOON, "0.000000070", tenant="b", model="other")
    await paid(database, NOON, "0.000000300", user="v")
    await paid(database, NOON, cost=False)
    assert [await spending.spent(account, TODAY) for account in (TENANT, USER, MODEL)] == [305, 5, 305]


async def test_each_row_counts_once_however_often_is_looked(database, clock):
    spending = DatabaseSpending(database, clock)
    for second in range(60):
        await paid(database, clock())
        assert await spending.spent(TENANT, TODAY) == second + 1
        clock.advance(1.0)


async def test_a_row_that_came_some_seconds_late_counts(database, clock):
    spending = DatabaseSpending(database, clock)
    assert await spending.spent(TENANT, TODAY) == 0
    clock.advance(8.0)
    await paid(database, NOON)
    assert await spending.spent(TENANT, TODAY) == 1


async def test_a_day_that_is_over_keeps_its_sum(database, clock):
    spending = DatabaseSpending(database, clock)
    await paid(database, NOON)
    clock.advance(86_400.0)
    await paid(database, clock())
    assert [await spending.spent(TENANT, TODAY) for _ in range(2)] == [1, 1]

"""One suite for the usage rows in memory and in the database."""

from decimal import Decimal

import pytest

from tests.fakes.llm_provider import FakeUsageLog
from wattos_platform.catalog import service as catalog_service
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.migrate import migrate, versions_folder
from wattos_platform.services.llm_gateway.adapters.usage_log import DatabaseUsageLog
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.ports import CallRecord


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
        "usage": Usage(10, 5, 2, 1),
        "cost_usd": Decimal("0.0000000125"),
        "latency_ms": 1.0,
        "first_token_ms": None,
        "outcome": "ok",
        "error_type": "",
        "stream": False,
    }
    return CallRecord(**{**values, **change})


@pytest.fixture(params=["fake", "database"])
async def filled(request, tmp_path):
    calls = [
        call(1),
        call(2, usage=Usage(1, 1, estimated=True), cost_usd=None),
        call(3, outcome="error"),
        call(4, provider="local", model="e", cost_usd=Decimal(0)),
        call(5, tenant="b"),
        call(900),
    ]
    if request.param == "fake":
        fake = FakeUsageLog()
        for each in calls:
            fake.record(each)
        yield fake
        return
    file = tmp_path / "llm-gateway.db"
    migrate(file, versions_folder(catalog_service("llm-gateway")))
    database = await Database.open(file)
    rows = DatabaseUsageLog(database)
    for each in calls:
        rows.record(each)
    await database.write(_nothing)
    yield rows
    await database.close()


async def _nothing(_connection):
    return None


async def test_sums_are_exact_per_provider_model_and_operation(filled):
    dear, free = await filled.summary("a", 0, 500)
    assert (dear["provider"], dear["model"], dear["operation"]) == ("openai", "m", "chat")
    assert (dear["calls"], dear["prompt_tokens"], dear["completion_tokens"]) == (3, 21, 11)
    assert (dear["cost_pico_usd"], dear["unpriced_calls"]) == (25_000, 1)
    assert (dear["estimated_calls"], dear["failed_calls"], dear["cached_tokens"]) == (1, 1, 4)
    assert (free["provider"], free["cost_pico_usd"]) == ("local", 0)


async def test_a_tenant_sees_its_own_rows_alone(filled):
    assert [row["calls"] for row in await filled.summary("b", 0, 500)] == [1]
    assert await filled.summary("c", 0, 500) == []

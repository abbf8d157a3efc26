"""Budgets in a real Redis: the contract of those in memory, several replicas, and Redis lost and found."""

import asyncio

import pytest

from tests.contract.ledger_contract import SCHOOL, TODAY, LedgerContract, Rows, budget
from tests.fakes.clock import FakeClock
from tests.fakes.redis_clients import redis_client
from tests.fakes.redis_server import redis_server
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger
from wattos_platform.services.llm_gateway.adapters.redis_ledger import RedisLedger


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture
async def client(server):
    async with redis_client(server.url) as opened:
        await opened.execute("FLUSHALL")
        yield opened


@pytest.fixture
def rows():
    return Rows()


def make(client, rows):
    return RedisLedger(client, rows.spent, MemoryLedger(rows.spent, FakeClock()))


@pytest.fixture
def ledger(client, rows):
    return make(client, rows)


class TestRedisLedger(LedgerContract):
    """The contract."""


async def test_replicas_share_a_budget_to_the_request(client, rows):
    replicas = [make(client, rows) for _ in range(4)]
    tries = [replica.reserve([budget()], 10, TODAY) for replica in replicas for _ in range(16)]
    assert (await asyncio.gather(*tries)).count([]) == 10


async def test_balances_end_by_themselves(client, ledger):
    await ledger.reserve([budget()], 10, TODAY)
    (key,) = await client.execute("KEYS", "wattos:budget:*")
    assert 86_400 < await client.execute("TTL", key) <= 2 * 86_400


async def test_while_redis_is_down_budgets_go_on_here_and_come_back(server, client, rows):
    ledger = make(client, rows)
    assert await ledger.reserve([budget()], 60, TODAY) == []
    server.kill()
    rows.stored[SCHOOL, TODAY] = 60
    assert await ledger.reserve([budget()], 41, TODAY) == [budget()]
    await ledger.settle([budget()], 40, TODAY, 40)
    server.start()
    rows.stored[SCHOOL, TODAY] = 100
    for _ in range(100):
        # Redis has forgotten everything: it begins with what the rows say.
        if await client_answers(client):
            break
        await asyncio.sleep(0.05)
    assert await ledger.reserve([budget()], 1, TODAY) == [budget()]


async def client_answers(client) -> bool:
    try:
        await client.execute("PING")
    except RedisUnavailableError:
        return False
    return True

"""Budgets in a real Redis: the contract of those in memory, several replicas, and Redis lost and found."""

import asyncio

import pytest

from tests.contract.ledger_contract import ANNA, SCHOOL, TODAY, LedgerContract, Rows, budget, over
from tests.fakes.clock import FakeClock
from tests.fakes.redis_clients import redis_client
from tests.fakes.redis_server import redis_server
from tests.fakes.redis_time import age
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger
from wattos_platform.services.llm_gateway.adapters.redis_ledger import RESERVED_S, RedisLedger


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
    tries = [over(replica, [budget()], 10) for replica in replicas for _ in range(16)]
    assert (await asyncio.gather(*tries)).count([]) == 10


async def test_balances_end_by_themselves(client, ledger):
    await ledger.reserve([budget()], 10, TODAY)
    keys = await client.execute("KEYS", "wattos:budget:*")
    assert len(keys) == 2
    for key in keys:
        assert 86_400 < await client.execute("TTL", key) <= 2 * 86_400


async def test_what_a_dead_process_reserved_is_given_back(client, rows):
    dead, alive = make(client, rows), make(client, rows)
    assert await over(dead, [budget(), budget(account=ANNA)], 60) == []
    await age(client, RESERVED_S - 60)
    assert await over(alive, [budget()], 41) == [budget()]
    await age(client, 60)
    assert await over(alive, [budget()], 100) == []
    assert await over(alive, [budget(account=ANNA)], 100) == []


async def test_who_settles_late_is_charged_what_it_spent(client, ledger):
    _, hold = await ledger.reserve([budget()], 60, TODAY)
    await age(client, RESERVED_S)
    await ledger.settle([budget()], 60, TODAY, 70, hold)
    assert await over(ledger, [budget()], 31) == [budget()]
    assert await over(ledger, [budget()], 30) == []


async def test_a_request_cancelled_while_it_reserves_holds_nothing_for_good(client, rows, ledger):
    await over(ledger, [budget()], 0)  # the balance is known to Redis
    reserving = asyncio.create_task(ledger.reserve([budget()], 60, TODAY))
    while not await client.execute("KEYS", "wattos:budget:*:held"):
        await asyncio.sleep(0)
    reserving.cancel()
    await asyncio.gather(reserving, return_exceptions=True)
    await age(client, RESERVED_S)
    assert await over(make(client, rows), [budget()], 100) == []


async def test_a_balance_that_redis_lost_begins_with_the_rows_and_without_old_reservations(
    client, rows, ledger
):
    _, hold = await ledger.reserve([budget()], 60, TODAY)
    (balance,) = [
        key for key in await client.execute("KEYS", "wattos:budget:*") if not key.endswith(b":held")
    ]
    await client.execute("DEL", balance)
    rows.stored[SCHOOL, TODAY] = 30
    assert await over(ledger, [budget()], 71) == [budget()]
    await ledger.settle([budget()], 60, TODAY, 10, hold)
    await age(client, RESERVED_S)
    assert await over(ledger, [budget()], 61) == [budget()]
    assert await over(ledger, [budget()], 60) == []


async def test_what_was_reserved_here_while_redis_was_away_takes_nothing_out_of_it(server, client, rows):
    ledger = make(client, rows)
    assert await over(ledger, [budget()], 10) == []
    await ledger.settle([budget()], 60, TODAY, 40, "")
    assert await over(ledger, [budget()], 51) == [budget()]
    assert await over(ledger, [budget()], 50) == []


async def test_while_redis_is_down_budgets_go_on_here_and_come_back(server, client, rows):
    ledger = make(client, rows)
    assert await over(ledger, [budget()], 60) == []
    server.kill()
    rows.stored[SCHOOL, TODAY] = 60
    assert await over(ledger, [budget()], 41) == [budget()]
    await ledger.settle([budget()], 40, TODAY, 40)
    server.start()
    rows.stored[SCHOOL, TODAY] = 100
    for _ in range(100):
        # Redis has forgotten everything: it begins with what the rows say.
        if await client_answers(client):
            break
        await asyncio.sleep(0.05)
    assert await over(ledger, [budget()], 1) == [budget()]


async def client_answers(client) -> bool:
    try:
        await client.execute("PING")
    except RedisUnavailableError:
        return False
    return True

"""Budgets in a real Redis: the contract of those in memory, several replicas, and Redis lost and found."""

import asyncio

import pytest

from tests.contract.ledger_contract import ANNA, SCHOOL, TODAY, LedgerContract, Rows, budget, over
from tests.fakes.kernel.clock import FakeClock
from tests.fakes.redis.clients import answered
from tests.fakes.redis.time import age
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger
from wattos_platform.services.llm_gateway.adapters.redis_ledger import RESERVED_S, RedisLedger


@pytest.fixture
def rows():
    return Rows()


def make(redis, rows):
    return RedisLedger(redis, rows.spent, MemoryLedger(rows.spent, FakeClock()))


@pytest.fixture
def ledger(redis, rows):
    return make(redis, rows)


class TestRedisLedger(LedgerContract):
    """The contract."""


async def test_replicas_share_a_budget_to_the_request(redis, rows):
    replicas = [make(redis, rows) for _ in range(4)]
    tries = [over(replica, [budget()], 10) for replica in replicas for _ in range(16)]
    assert (await asyncio.gather(*tries)).count([]) == 10


async def test_balances_end_by_themselves(redis, ledger):
    await ledger.reserve([budget()], 10, TODAY)
    keys = await redis.execute("KEYS", "wattos:budget:*")
    assert len(keys) == 2
    for key in keys:
        assert 86_400 < await redis.execute("TTL", key) <= 2 * 86_400


async def test_what_a_dead_process_reserved_is_given_back(redis, rows):
    dead, alive = make(redis, rows), make(redis, rows)
    assert await over(dead, [budget(), budget(account=ANNA)], 60) == []
    await age(redis, RESERVED_S - 60)
    assert await over(alive, [budget()], 41) == [budget()]
    await age(redis, 60)
    assert await over(alive, [budget()], 100) == []
    assert await over(alive, [budget(account=ANNA)], 100) == []


async def test_who_settles_late_is_charged_what_it_spent(redis, ledger):
    _, hold = await ledger.reserve([budget()], 60, TODAY)
    await age(redis, RESERVED_S)
    await ledger.settle([budget()], 60, TODAY, 70, hold)
    assert await over(ledger, [budget()], 31) == [budget()]
    assert await over(ledger, [budget()], 30) == []


async def test_a_request_cancelled_while_it_reserves_holds_nothing_for_good(redis, rows, ledger):
    await over(ledger, [budget()], 0)  # the balance is known to Redis
    reserving = asyncio.create_task(ledger.reserve([budget()], 60, TODAY))
    while not await redis.execute("KEYS", "wattos:budget:*:held"):
        await asyncio.sleep(0)
    reserving.cancel()
    await asyncio.gather(reserving, return_exceptions=True)
    await age(redis, RESERVED_S)
    assert await over(make(redis, rows), [budget()], 100) == []


async def test_a_balance_that_redis_lost_begins_with_the_rows_and_without_old_reservations(
    redis, rows, ledger
):
    _, hold = await ledger.reserve([budget()], 60, TODAY)
    (balance,) = [key for key in await redis.execute("KEYS", "wattos:budget:*") if not key.endswith(b":held")]
    await redis.execute("DEL", balance)
    rows.stored[SCHOOL, TODAY] = 30
    assert await over(ledger, [budget()], 71) == [budget()]
    await ledger.settle([budget()], 60, TODAY, 10, hold)
    await age(redis, RESERVED_S)
    assert await over(ledger, [budget()], 61) == [budget()]
    assert await over(ledger, [budget()], 60) == []


async def test_what_was_reserved_here_while_redis_was_away_takes_nothing_out_of_it(redis, rows):
    ledger = make(redis, rows)
    assert await over(ledger, [budget()], 10) == []
    await ledger.settle([budget()], 60, TODAY, 40, "")
    assert await over(ledger, [budget()], 51) == [budget()]
    assert await over(ledger, [budget()], 50) == []


async def test_while_redis_is_down_budgets_go_on_here_and_come_back(shared_redis, redis, rows):
    ledger = make(redis, rows)
    assert await over(ledger, [budget()], 60) == []
    shared_redis.kill()
    rows.stored[SCHOOL, TODAY] = 60
    assert await over(ledger, [budget()], 41) == [budget()]
    await ledger.settle([budget()], 40, TODAY, 40)
    shared_redis.start()
    rows.stored[SCHOOL, TODAY] = 100
    await answered(redis)
    # Redis has forgotten everything: it begins with what the rows say.
    assert await over(ledger, [budget()], 1) == [budget()]

"""Budgets in memory."""

import pytest

from tests.contract.ledger_contract import SCHOOL, TODAY, LedgerContract, Rows, budget, over
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger
from wattos_platform.services.llm_gateway.domain.quotas import Account


@pytest.fixture
def rows():
    return Rows()


@pytest.fixture
def ledger(rows, clock):
    return MemoryLedger(rows.spent, clock)


class TestMemoryLedger(LedgerContract):
    """The contract."""


async def test_another_replicas_rows_are_seen_within_two_seconds(rows, clock):
    ledger = MemoryLedger(rows.spent, clock)
    await ledger.reserve([budget()], 1, TODAY)
    rows.stored[SCHOOL, TODAY] = 100
    assert await over(ledger, [budget()], 1) == []
    clock.advance(2.0)
    assert await over(ledger, [budget()], 1) == [budget()]


async def test_accounts_are_bounded(rows, clock):
    ledger = MemoryLedger(rows.spent, clock, cap=2)
    for number in range(5):
        account = Account("user", "school", str(number))
        rows.stored[account, TODAY] = 100
        assert await over(ledger, [budget(account=account)], 1) != []
    assert len(ledger._balances) == 2


async def test_an_account_in_use_is_not_forgotten_for_those_that_come_once(rows, clock):
    ledger = MemoryLedger(rows.spent, clock, cap=2)
    assert await over(ledger, [budget()], 60) == []
    for number in range(5):
        clock.advance(2.0)
        assert await over(ledger, [budget()], 41) == [budget()]
        await ledger.reserve([budget(account=Account("user", "school", str(number)))], 1, TODAY)

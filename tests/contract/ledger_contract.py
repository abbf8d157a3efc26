"""What all Ledgers must do. Who runs it gives the fixtures `ledger` and `rows`."""

import asyncio
from datetime import date

from wattos_platform.services.llm_gateway.domain.quotas import Account, Budget

TODAY, TOMORROW = date(2026, 5, 1), date(2026, 5, 2)
SCHOOL = Account("tenant", "school", "school")
ANNA = Account("user", "school", "anna")
OTHERS_ANNA = Account("user", "works", "anna")


class Rows:
    """What has been stored, by account and day."""

    def __init__(self) -> None:
        self.stored: dict[tuple[Account, date], int] = {}
        self.asked = 0

    async def spent(self, account: Account, day: date) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        return self.stored.get((account, day), 0)


def budget(cap=100, account=SCHOOL, *, shadow=False):
    return Budget(account, cap, shadow)


async def over(ledger, budgets, amount, day=TODAY):
    """Reserve, and return those that are over."""
    return (await ledger.reserve(budgets, amount, day))[0]


class LedgerContract:
    async def test_what_is_reserved_counts_until_it_is_settled(self, ledger):
        refused, hold = await ledger.reserve([budget()], 60, TODAY)
        assert refused == []
        assert await over(ledger, [budget()], 41) == [budget()]
        await ledger.settle([budget()], 60, TODAY, 10, hold)
        assert await over(ledger, [budget()], 41) == []

    async def test_spent_beyond_the_reserve_counts_too(self, ledger):
        _, hold = await ledger.reserve([budget()], 10, TODAY)
        await ledger.settle([budget()], 10, TODAY, 99, hold)
        assert await over(ledger, [budget()], 2) == [budget()]
        assert await over(ledger, [budget()], 1) == []

    async def test_all_or_nothing(self, ledger):
        both = [budget(), budget(account=ANNA)]
        await ledger.reserve(both[1:], 95, TODAY)
        assert await over(ledger, both, 10) == [both[1]]
        assert await over(ledger, [budget()], 100) == []

    async def test_all_budgets_of_a_request_are_settled_together(self, ledger):
        both = [budget(), budget(50, ANNA)]
        refused, hold = await ledger.reserve(both, 50, TODAY)
        assert refused == []
        await ledger.settle(both, 50, TODAY, 20, hold)
        assert await over(ledger, both, 31) == [both[1]]
        assert await over(ledger, both, 30) == []
        assert await over(ledger, [budget()], 51) == [budget()]

    async def test_each_request_settles_what_itself_reserved(self, ledger):
        _, mine = await ledger.reserve([budget()], 60, TODAY)
        _, other = await ledger.reserve([budget()], 30, TODAY)
        await ledger.settle([budget()], 60, TODAY, 0, mine)
        assert await over(ledger, [budget()], 71) == [budget()]
        await ledger.settle([budget()], 30, TODAY, 5, other)
        assert await over(ledger, [budget()], 96) == [budget()]
        assert await over(ledger, [budget()], 95) == []

    async def test_accounts_and_days_are_apart(self, ledger):
        await ledger.reserve([budget(account=ANNA)], 100, TODAY)
        assert await over(ledger, [budget(account=OTHERS_ANNA)], 100) == []
        assert await over(ledger, [budget(account=ANNA)], 100, TOMORROW) == []

    async def test_what_is_free_goes_on_when_the_budget_is_spent(self, ledger):
        await ledger.reserve([budget()], 100, TODAY)
        assert await over(ledger, [budget()], 0) == []

    async def test_a_shadow_budget_counts_and_refuses_nobody(self, ledger):
        shadow = budget(shadow=True)
        assert await over(ledger, [shadow], 500) == [shadow]
        assert await over(ledger, [budget()], 1) == [budget()]

    async def test_what_rows_hold_is_known_from_the_start(self, ledger, rows):
        rows.stored[SCHOOL, TODAY] = 99
        assert await over(ledger, [budget()], 2) == [budget()]
        assert await over(ledger, [budget()], 1) == []

    async def test_of_64_at_once_only_as_many_come_in_as_are_paid_for(self, ledger):
        found = await asyncio.gather(*(over(ledger, [budget()], 10) for _ in range(64)))
        assert found.count([]) == 10

"""What all Ledgers must do. Who runs it gives the fixtures `ledger` and `rows`."""

import asyncio
from datetime import date

from wattos_platform.services.llm_gateway.domain.quotas import Account, Charge

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


def charge(amount, cap=100, account=SCHOOL, *, shadow=False):
    return Charge(account, amount, cap, shadow)


class LedgerContract:
    async def test_what_is_reserved_counts_until_it_is_settled(self, ledger):
        assert await ledger.reserve([charge(60)], TODAY) == []
        assert await ledger.reserve([charge(41)], TODAY) == [charge(41)]
        await ledger.settle([charge(60)], TODAY, 10)
        assert await ledger.reserve([charge(41)], TODAY) == []

    async def test_spent_beyond_the_reserve_counts_too(self, ledger):
        await ledger.reserve([charge(10)], TODAY)
        await ledger.settle([charge(10)], TODAY, 99)
        assert await ledger.reserve([charge(2)], TODAY) == [charge(2)]
        assert await ledger.reserve([charge(1)], TODAY) == []

    async def test_all_or_nothing(self, ledger):
        await ledger.reserve([charge(95, account=ANNA)], TODAY)
        both = [charge(10), charge(10, account=ANNA)]
        assert await ledger.reserve(both, TODAY) == [both[1]]
        assert await ledger.reserve([charge(100)], TODAY) == []

    async def test_accounts_and_days_are_apart(self, ledger):
        await ledger.reserve([charge(100, account=ANNA)], TODAY)
        assert await ledger.reserve([charge(100, account=OTHERS_ANNA)], TODAY) == []
        assert await ledger.reserve([charge(100, account=ANNA)], TOMORROW) == []

    async def test_what_is_free_goes_on_when_the_budget_is_spent(self, ledger):
        await ledger.reserve([charge(100)], TODAY)
        assert await ledger.reserve([charge(0)], TODAY) == []

    async def test_a_shadow_budget_counts_and_refuses_nobody(self, ledger):
        shadow = charge(500, shadow=True)
        assert await ledger.reserve([shadow], TODAY) == [shadow]
        assert await ledger.reserve([charge(1)], TODAY) == [charge(1)]

    async def test_what_rows_hold_is_known_from_the_start(self, ledger, rows):
        rows.stored[SCHOOL, TODAY] = 99
        assert await ledger.reserve([charge(2)], TODAY) == [charge(2)]
        assert await ledger.reserve([charge(1)], TODAY) == []

    async def test_of_64_at_once_only_as_many_come_in_as_are_paid_for(self, ledger):
        found = await asyncio.gather(*(ledger.reserve([charge(10)], TODAY) for _ in range(64)))
        assert found.count([]) == 10

"""Budgets in this process, told from time to time what other replicas have spent."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from wattos_platform.services.llm_gateway.domain.quotas import Account, Budget

REFRESH_S = 2.0
MAX_ACCOUNTS = 10_000

# Returns what rows say an account has spent on a day, in nano-dollars.
Spent = Callable[[Account, date], Awaitable[int]]


@dataclass(slots=True)
class _Balance:
    spent: int
    read_at: float
    reserved: int = 0


class MemoryLedger:
    """A Ledger in memory. `spent` reads the stored rows: at the first look, and again every 2 s.

    So a restart forgets nothing, and replicas that share the rows know of each other within those 2 s.
    What is reserved here ends with the process; a request that is cancelled settles without a wait.
    Beyond `cap` accounts, the one unused longest is read anew when it comes again. `monotonic` is in seconds.
    """

    def __init__(self, spent: Spent, monotonic: Callable[[], float], *, cap: int = MAX_ACCOUNTS) -> None:
        self._spent = spent
        self._monotonic = monotonic
        self._cap = cap
        self._balances: dict[tuple[Account, date], _Balance] = {}

    async def reserve(
        self, budgets: Sequence[Budget], amount: int, day: date
    ) -> tuple[Sequence[Budget], str]:
        """Set aside `amount` of each budget, or nothing if one is refused; return those that are over."""
        now = self._monotonic()
        drawn = []
        for budget in budgets:
            balance = self._balances.get((budget.account, day))
            if balance is None or now - balance.read_at >= REFRESH_S:
                balance = await self._read(budget.account, day, now)
            drawn.append((budget, balance))
        # No await from here on: what is seen now is what is changed.
        over = []
        for budget, balance in drawn:
            if amount and balance.spent + balance.reserved + amount > budget.cap:
                over.append(budget)
        if not over or all(budget.shadow for budget in over):
            for _, balance in drawn:
                balance.reserved += amount
        return over, ""

    async def settle(
        self,
        budgets: Sequence[Budget],
        amount: int,
        day: date,
        spent: int,
        hold: str = "",  # noqa: ARG002 - the port's shape
    ) -> None:
        """Replace the amount that was set aside of each budget by what was spent."""
        for budget in budgets:
            balance = self._balances.get((budget.account, day))
            if balance is not None:
                if balance.reserved > amount:
                    balance.reserved -= amount
                else:
                    balance.reserved = 0
                balance.spent += spent

    async def _read(self, account: Account, day: date, now: float) -> _Balance:
        key = (account, day)
        balance = self._balances.get(key)
        if balance is not None:
            balance.read_at = now  # whoever comes meanwhile does not read as well
        stored = await self._spent(account, day)
        # Put back at the end: the dictionary's order is that of use, as far as the reads tell it.
        balance = self._balances.pop(key, None) or _Balance(stored, now)
        if len(self._balances) >= self._cap:
            del self._balances[next(iter(self._balances))]
        self._balances[key] = balance
        # Rows lag behind what was settled here, and hold what was settled elsewhere.
        balance.spent = max(balance.spent, stored)
        return balance

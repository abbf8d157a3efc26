"""Budgets that all replicas share in Redis, to the very request."""

from collections.abc import Sequence
from datetime import date

from wattos_platform.kernel.redis.client import Argument, RedisClient
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.redis.scripts import Script
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger, Spent
from wattos_platform.services.llm_gateway.domain.quotas import Account, Budget

# Longer than the day whose balance it is; what nobody asks for any more goes by itself.
_KEPT_S = 2 * 86_400

# KEYS: one per account. ARGV: seconds to keep, the amount, then for each account: cap, is it shadow.
# Returns the numbers of the accounts that are over, or -N alone if N is not known here yet.
# Amounts are nano-dollars: doubles hold them exactly up to nine million dollars.
_RESERVE = Script("""
local amount, over, refused = tonumber(ARGV[2]), {}, false
for i, key in ipairs(KEYS) do
  local spent = redis.call('GET', key)
  if not spent then return {-i} end
  if amount > 0 and tonumber(spent) + amount > tonumber(ARGV[i * 2 + 1]) then
    table.insert(over, i)
    refused = refused or ARGV[i * 2 + 2] == '0'
  end
end
if refused then return over end
for i, key in ipairs(KEYS) do
  redis.call('INCRBY', key, ARGV[2])
  redis.call('EXPIRE', key, ARGV[1])
end
return over
""")

# KEYS: one per account. ARGV: what to add to each, which may be below 0. What is not known is not begun.
_SETTLE = Script("""
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then redis.call('INCRBY', key, ARGV[1]) end
end
return 0
""")


class RedisLedger:
    """A Ledger in Redis; while that is down, the one in memory goes on from what the rows say."""

    def __init__(self, redis: RedisClient, spent: Spent, local: MemoryLedger) -> None:
        self._redis = redis
        self._spent = spent
        self._local = local

    async def reserve(self, budgets: Sequence[Budget], amount: int, day: date) -> Sequence[Budget]:
        """Set aside `amount` of each budget, or nothing if one is refused; return those that are over."""
        keys = [_key(budget.account, day) for budget in budgets]
        wanted: list[Argument] = [_KEPT_S, amount]
        for budget in budgets:
            wanted += [budget.cap, int(budget.shadow)]
        try:
            for _ in range(len(budgets) + 1):
                numbers = [int(number) for number in await self._redis.run(_RESERVE, keys, wanted)]
                if not numbers or numbers[0] > 0:
                    return [budgets[number - 1] for number in numbers]
                await self._begin(budgets[-numbers[0] - 1].account, day)
        except RedisUnavailableError:
            pass
        # Also for a Redis that forgets at once what it is told: full, and made to evict.
        return await self._local.reserve(budgets, amount, day)

    async def settle(self, budgets: Sequence[Budget], amount: int, day: date, spent: int) -> None:
        """Replace the amount that was set aside of each budget by what was spent."""
        await self._local.settle(budgets, amount, day, spent)
        try:
            await self._redis.run(
                _SETTLE, [_key(budget.account, day) for budget in budgets], [spent - amount]
            )
        except RedisUnavailableError:
            return  # the rows hold it, and Redis is told by them when it has forgotten

    async def _begin(self, account: Account, day: date) -> None:
        """Tell Redis what the rows say, unless another replica was quicker."""
        stored = await self._spent(account, day)
        await self._redis.execute("SET", _key(account, day), stored, "NX", "EX", _KEPT_S)


def _key(account: Account, day: date) -> str:
    return f"wattos:budget:{day.isoformat()}:{account.key}"

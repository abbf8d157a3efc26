"""Budgets that all replicas share in Redis, to the very request."""

import math
from collections.abc import Sequence
from datetime import date

from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.redis.client import Argument, RedisClient
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.redis.scripts import Script
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger, Spent
from wattos_platform.services.llm_gateway.domain.quotas import Account, Budget

# Longer than the day whose balance it is; what nobody asks for any more goes by itself.
_KEPT_S = 2 * 86_400
RESERVED_S = 900.0

# KEYS: the balances of N accounts, then what is held of each: reservations by when they end, in Redis's time.
# A balance holds what is reserved, too; what ended unsettled is taken out of it before anybody looks.
# Amounts are nano-dollars: doubles hold them exactly up to nine million dollars.
_BALANCES = """
local time, n = redis.call('TIME'), #KEYS / 2
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number) return string.format('%.0f', number) end
for i = 1, n do
  for _, hold in ipairs(redis.call('ZRANGEBYSCORE', KEYS[n + i], '-inf', whole(now_ms))) do
    redis.call('ZREM', KEYS[n + i], hold)
    if redis.call('EXISTS', KEYS[i]) == 1 then
      redis.call('DECRBY', KEYS[i], string.match(hold, '(%d+)$'))
    end
  end
end
"""

# ARGV: seconds to keep, amount, name and length (ms) of the reservation, then for each account: cap, shadow.
# Returns the numbers of the accounts that are over, or -N alone if N is not known here yet.
_RESERVE = Script(
    _BALANCES
    + """
local amount, over, refused = tonumber(ARGV[2]), {}, false
for i = 1, n do
  local spent = redis.call('GET', KEYS[i])
  if not spent then
    redis.call('DEL', KEYS[n + i])
    return {-i}
  end
  if amount > 0 and tonumber(spent) + amount > tonumber(ARGV[i * 2 + 3]) then
    table.insert(over, i)
    refused = refused or ARGV[i * 2 + 4] == '0'
  end
end
if refused or amount == 0 then return over end
for i = 1, n do
  redis.call('INCRBY', KEYS[i], ARGV[2])
  redis.call('EXPIRE', KEYS[i], ARGV[1])
  redis.call('ZADD', KEYS[n + i], whole(now_ms + ARGV[4]), ARGV[3] .. ':' .. ARGV[2])
  redis.call('EXPIRE', KEYS[n + i], ARGV[1])
end
return over
"""
)

# ARGV: what was spent, amount and name of the reservation. What has ended was given back already; what is not
# known is not begun.
_SETTLE = Script(
    _BALANCES
    + """
for i = 1, n do
  local held = redis.call('ZREM', KEYS[n + i], ARGV[3] .. ':' .. ARGV[2]) == 1
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('INCRBY', KEYS[i], whole(ARGV[1] - (held and ARGV[2] or 0)))
  end
end
return 0
"""
)


class RedisLedger:
    """A Ledger in Redis; while that is down, the one in memory goes on from what the rows say.

    A reservation ends by itself after `reserved_s`, which is longer than nearly every request takes. One that
    is settled later is charged what it spent, as any other.
    """

    def __init__(
        self, redis: RedisClient, spent: Spent, local: MemoryLedger, *, reserved_s: float = RESERVED_S
    ) -> None:
        self._redis = redis
        self._spent = spent
        self._local = local
        self._reserved_ms = math.ceil(reserved_s * 1000)

    async def reserve(
        self, budgets: Sequence[Budget], amount: int, day: date
    ) -> tuple[Sequence[Budget], str]:
        """Set aside `amount` of each budget, or nothing if one is refused; return those that are over."""
        keys, hold = _keys(budgets, day), uuid7()
        wanted: list[Argument] = [_KEPT_S, amount, hold, self._reserved_ms]
        for budget in budgets:
            wanted += [budget.cap, int(budget.shadow)]
        try:
            for _ in range(len(budgets) + 1):
                numbers = [int(number) for number in await self._redis.run(_RESERVE, keys, wanted)]
                if not numbers or numbers[0] > 0:
                    return [budgets[number - 1] for number in numbers], hold
                await self._begin(budgets[-numbers[0] - 1].account, day)
        except RedisUnavailableError:
            pass
        # Also for a Redis that forgets at once what it is told: full, and made to evict.
        return await self._local.reserve(budgets, amount, day)

    async def settle(
        self, budgets: Sequence[Budget], amount: int, day: date, spent: int, hold: str = ""
    ) -> None:
        """Replace the amount that was set aside of each budget, here or in Redis, by what was spent."""
        await self._local.settle(budgets, 0 if hold else amount, day, spent)
        try:
            await self._redis.run(_SETTLE, _keys(budgets, day), [spent, amount, hold])
        except RedisUnavailableError:
            return  # the rows hold it, and Redis is told by them when it has forgotten

    async def _begin(self, account: Account, day: date) -> None:
        """Tell Redis what the rows say, unless another replica was quicker."""
        stored = await self._spent(account, day)
        await self._redis.execute("SET", _key(account, day), stored, "NX", "EX", _KEPT_S)


def _keys(budgets: Sequence[Budget], day: date) -> list[str]:
    """Return the names of the balances, then of what is held of each."""
    balances = [_key(budget.account, day) for budget in budgets]
    return [*balances, *(f"{key}:held" for key in balances)]


def _key(account: Account, day: date) -> str:
    return f"wattos:budget:{day.isoformat()}:{account.key}"

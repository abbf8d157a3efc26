"""Rate limits that all replicas share: one Lua call decides all limits of a request together.

A key holds its theoretical arrival time as `seconds:nanoseconds`, because Lua's numbers are doubles: one
count of nanoseconds since 1970 would not fit, while differences are exact up to 104 days. Time is Redis's
own, so that the clocks of replicas need not agree. A key expires when its bucket is full again.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from wattos_platform.kernel.redis.client import Argument, RedisClient
from wattos_platform.kernel.redis.scripts import Script
from wattos_platform.kernel.resilience.rate_limits import Decision, DecisionCounter, Want, decide, judge
from wattos_platform.kernel.telemetry import Meter

MAX_NAMES = 10_000
_MAX_LIMIT_NAME = 64

_BUCKETS = """
local time = redis.call('TIME')
local now_s, now_ns = tonumber(time[1]), time[2] * 1000

local function backlog_of(key)
  local stored_s, stored_ns = string.match(redis.call('GET', key) or '', '^(%d+):(%d+)$')
  if not stored_s then return 0 end
  return math.max(0, (stored_s - now_s) * 1e9 + stored_ns - now_ns)
end

local function store(key, backlog)
  if backlog <= 0 then
    redis.call('DEL', key)
    return
  end
  backlog = math.min(backlog, 9e15)
  local ns = now_ns + backlog
  redis.call('SET', key, string.format('%.0f:%.0f', now_s + math.floor(ns / 1e9), ns % 1e9),
    'PX', string.format('%.0f', math.ceil(backlog / 1e6)))
end
"""

# For each key three arguments: what it costs and what its bucket holds (ns), and 1 for a shadow limit.
_ACQUIRE = Script(
    _BUCKETS
    + """
local backlogs, pending, granted = {}, {}, 1
for i, key in ipairs(KEYS) do
  local backlog = pending[key] or backlog_of(key)
  backlogs[i] = backlog
  if backlog + ARGV[3 * i - 2] <= tonumber(ARGV[3 * i - 1]) then
    pending[key] = backlog + ARGV[3 * i - 2]
  elseif ARGV[3 * i] == '0' then
    granted = 0
  end
end
if granted == 1 then
  for key, backlog in pairs(pending) do store(key, backlog) end
end
return backlogs
"""
)

# For each key what to add to its backlog (ns), which may be below 0.
_SETTLE = Script(_BUCKETS + "for i, key in ipairs(KEYS) do store(key, backlog_of(key) + ARGV[i]) end")


class RedisLimiter:
    """A RateLimiter for all replicas of `service`; RedisUnavailableError when Redis does not decide."""

    def __init__(self, redis: RedisClient, service: str, *, meter: Meter | None = None) -> None:
        self._redis = redis
        self._counted = DecisionCounter(meter)

        @lru_cache(maxsize=MAX_NAMES)
        def name_of(limit_name: str, key: str) -> str:
            # Bounded, and no address or user's name lies in Redis.
            digest = hashlib.blake2b(f"{limit_name}\0{key}".encode(), digest_size=16).hexdigest()
            return f"wattos:{service}:limit:{limit_name[:_MAX_LIMIT_NAME]}:{digest}"

        self._name_of = name_of

    async def acquire(self, wants: Sequence[Want]) -> Decision:
        """Take what every want asks for, or nothing if one is refused; return the tightest decision."""
        if not wants:
            raise ValueError("a decision needs at least one limit")
        keys: list[str] = []
        arguments: list[Argument] = []
        for want in wants:
            limit = want.limit
            keys.append(self._name_of(limit.name, want.key))
            arguments += (want.cost * limit.interval_ns, limit.depth_ns, int(limit.shadow))
        backlogs: list[int] = await self._redis.run(_ACQUIRE, keys, arguments)
        decisions = [decide(want, backlog) for want, backlog in zip(wants, backlogs, strict=True)]
        self._counted.count(decisions)
        return judge(decisions)

    async def settle(self, wants: Sequence[Want], used: int) -> None:
        """Replace what each of `wants` took by what was really used: more, less, or 0 to give it back."""
        other = [want for want in wants if want.cost != used]
        if other:
            keys = [self._name_of(want.limit.name, want.key) for want in other]
            changes: list[Argument] = [(used - want.cost) * want.limit.interval_ns for want in other]
            await self._redis.run(_SETTLE, keys, changes)

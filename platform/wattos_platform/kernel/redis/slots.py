"""Places that all replicas share: for each key a sorted set of leases by when they end, in Redis's time."""

import hashlib
import math

from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.scripts import Script
from wattos_platform.kernel.resilience.slots import Lease, check_ttl

_LEASES = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

-- The set goes with its last lease, so that a key nobody asks for again leaves nothing.
local function hold(key, id, ttl_ms)
  redis.call('ZADD', key, string.format('%.0f', now_ms + ttl_ms), id)
  redis.call('PEXPIREAT', key, redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
  return 1
end
"""

# ARGV: places, time of a lease (ms), id.
_TAKE = Script(
    _LEASES
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now_ms))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
return hold(KEYS[1], ARGV[3], ARGV[2])
"""
)

# ARGV: id, time of a lease (ms).
_RENEW = Script(
    _LEASES
    + """
local ends_ms = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends_ms or tonumber(ends_ms) <= now_ms then return 0 end
return hold(KEYS[1], ARGV[1], ARGV[2])
"""
)

# ARGV: id.
_RELEASE = Script(
    _LEASES
    + """
local ends_ms = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
return ends_ms and tonumber(ends_ms) > now_ms and 1 or 0
"""
)


class RedisSlots:
    """Slots for all replicas of `service`; RedisUnavailableError when Redis does not answer."""

    def __init__(self, redis: RedisClient, service: str) -> None:
        self._redis = redis
        self._prefix = f"wattos:{service}:slots"

    async def take(self, key: str, limit: int, ttl_s: float) -> Lease | None:
        """Lease one of `limit` places of `key`; None when all are taken. ValueError unless `ttl_s` > 0."""
        check_ttl(ttl_s)
        lease = Lease(key, uuid7())
        taken = await self._redis.run(_TAKE, [self._name_of(key)], [limit, _ms(ttl_s), lease.id])
        return lease if taken else None

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Hold `lease` for `ttl_s` from now; False when it had ended already, its place is another's."""
        check_ttl(ttl_s)
        return bool(await self._redis.run(_RENEW, [self._name_of(lease.key)], [lease.id, _ms(ttl_s)]))

    async def release(self, lease: Lease) -> bool:
        """Give the place back; False when it was not held any more."""
        return bool(await self._redis.run(_RELEASE, [self._name_of(lease.key)], [lease.id]))

    def _name_of(self, key: str) -> str:
        return f"{self._prefix}:{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"


def _ms(ttl_s: float) -> int:
    return math.ceil(ttl_s * 1000)

"""Cached bytes in Redis, shared by all replicas of a service."""

import math

from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.scripts import Script

# A larger one would hold up everything that shares its round trip.
MAX_VALUE_BYTES = 1_000_000

# ARGV: value, its time (ms). `SET NX GET` would do, but not before Redis 7.
_ADD = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return ARGV[1] end
return redis.call('GET', KEYS[1])
""")


class RedisStore:
    """A CacheStore for all replicas of `service`; RedisUnavailableError when Redis does not answer.

    Every key has an end, so that nothing is ever searched for or flushed; how much Redis keeps is its
    `maxmemory`.
    """

    def __init__(self, redis: RedisClient, service: str) -> None:
        self._redis = redis
        self._prefix = f"wattos:{service}:cache:"

    async def get(self, key: str) -> bytes | None:
        """Return what is stored and not expired, else None."""
        value: bytes | None = await self._redis.execute("GET", self._prefix + key)
        return value

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Store `value` for `ttl_s` seconds; one above 1 MB is not kept."""
        if len(value) > MAX_VALUE_BYTES or ttl_s <= 0:
            await self.delete(key)
            return
        await self._redis.execute("SET", self._prefix + key, value, "PX", math.ceil(ttl_s * 1000))

    async def add(self, key: str, value: bytes, ttl_s: float) -> bytes:
        """Store `value` unless something is there; return what is there then."""
        kept: bytes = await self._redis.run(_ADD, [self._prefix + key], [value, math.ceil(ttl_s * 1000)])
        return kept

    async def delete(self, key: str) -> None:
        """Forget `key`, if it is there."""
        await self._redis.execute("DEL", self._prefix + key)

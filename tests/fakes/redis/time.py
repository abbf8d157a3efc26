"""Time that passes for what lies in Redis, whose clock no test can move: everything there grows older."""

from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.scripts import Script

# ARGV: milliseconds. Limits hold `seconds:nanoseconds`, leases are scores in ms; all keys have an end.
_AGE = Script("""
local ms = tonumber(ARGV[1])
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left_ms = redis.call('PTTL', key) - ms
  if left_ms <= 0 then
    redis.call('DEL', key)
  elseif redis.call('TYPE', key)['ok'] == 'zset' then
    for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      redis.call('ZINCRBY', key, -ms, member)
    end
    redis.call('PEXPIRE', key, left_ms)
  else
    local s, ns = string.match(redis.call('GET', key), '^(%d+):(%d+)$')
    if s then
      redis.call('SET', key, string.format('%.0f:%s', s - ms / 1000, ns), 'KEEPTTL')
    end
    redis.call('PEXPIRE', key, left_ms)
  end
end
""")


async def age(client: RedisClient, seconds: float) -> None:
    """Make everything in Redis `seconds` older; whole seconds, so that limits stay exact."""
    assert seconds == int(seconds)
    await client.run(_AGE, [], [int(seconds) * 1000])

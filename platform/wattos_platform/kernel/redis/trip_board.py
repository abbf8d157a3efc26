"""The trip board in Redis: one hash of orders, one counter, one channel."""

import asyncio
import json
from contextlib import suppress
from math import inf, isfinite
from typing import Any

from wattos_platform.contracts.breakers import MAX_TTL_S
from wattos_platform.kernel.background import Sleep, restarting
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.redis.scripts import Script
from wattos_platform.kernel.resilience.breaker_types import Action, Order
from wattos_platform.kernel.resilience.trip_board import BoardUnavailableError, Posted
from wattos_platform.kernel.telemetry import Log

MAX_ORDERS = 1000
# One slot of a cluster holds them all.
ORDERS, SEQUENCE = "wattos:{breakers}:orders", "wattos:{breakers}:sequence"
CHANNEL = "wattos:breakers"
_LISTEN_S = 60.0
_AGAIN_S = 1.0

# Redis's own clock decides what is over, so that no two machines need to agree on the time.
_POST = Script(
    """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local name, service, order, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local old = cjson.decode(all[i + 1])
  local over = old.ends > 0 and old.ends <= now
  if over or (service == '' and old.name == name) then redis.call('HDEL', KEYS[1], all[i]) end
end
local field = service .. ' ' .. name
if redis.call('HEXISTS', KEYS[1], field) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  return redis.error_reply('FULL the board of orders is full')
end
local sequence = redis.call('INCR', KEYS[2])
local ends = 0
if ttl > 0 then ends = now + ttl end
redis.call('HSET', KEYS[1], field,
  cjson.encode({name = name, service = service, order = order, ends = ends, sequence = sequence}))
redis.call('PUBLISH', ARGV[6], sequence)
return sequence
"""
)
_STANDING = Script(
    """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local standing = {}
for _, text in ipairs(redis.call('HVALS', KEYS[1])) do
  local ends = cjson.decode(text).ends
  if ends == 0 then table.insert(standing, {text, -1})
  elseif ends > now then table.insert(standing, {text, ends - now}) end
end
return standing
"""
)


class RedisTripBoard:
    """A TripBoard for all that use the same Redis; announcements come by pub/sub, on another connection."""

    shared = True

    def __init__(self, client: RedisClient, log: Log, *, sleep: Sleep = asyncio.sleep) -> None:
        self._client = client
        self._log = log
        self._sleep = sleep
        self._news = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    async def post(self, posted: Posted) -> int:
        """Put an order on the board, announce it, and return its sequence number."""
        order = posted.order
        ttl_s = MAX_TTL_S if order.action is Action.RESET else order.ttl_s
        arguments = (
            posted.name,
            posted.service,
            _text_of(order),
            max(1, round(ttl_s * 1000)) if isfinite(ttl_s) else 0,
            MAX_ORDERS,
            CHANNEL,
        )
        try:
            return int(await self._client.run(_POST, (ORDERS, SEQUENCE), arguments))
        except RedisUnavailableError as error:
            raise BoardUnavailableError(str(error)) from error

    async def latest(self) -> int:
        """Return the sequence number of the last order."""
        try:
            return int(await self._client.look("GET", SEQUENCE) or 0)
        except RedisUnavailableError as error:
            raise BoardUnavailableError(str(error)) from error

    async def standing(self) -> list[Posted]:
        """Return the orders in force."""
        try:
            rows = await self._client.run(_STANDING, (ORDERS,), ())
        except RedisUnavailableError as error:
            raise BoardUnavailableError(str(error)) from error
        return sorted((_posted(text, left_ms) for text, left_ms in rows), key=lambda one: one.sequence)

    async def wait(self, timeout_s: float) -> None:
        """Return at the next announcement, after `timeout_s` at the latest."""
        if self._listener is None:
            name = "trip-board-listener"
            listening = restarting(self._listen, name, self._log, sleep=self._sleep)
            self._listener = asyncio.create_task(listening, name=name)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        self._news.clear()

    async def close(self) -> None:
        """Stop listening; the client is not this board's to close."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait({self._listener})

    async def _listen(self) -> None:
        from redis.exceptions import RedisError

        while True:
            with suppress(RedisUnavailableError, RedisError, OSError):
                async with self._client.subscribed(CHANNEL) as messages:
                    # What was posted before this subscription was announced to nobody here.
                    self._news.set()
                    while True:
                        if await messages.get_message(timeout=_LISTEN_S) is not None:
                            self._news.set()
            await self._sleep(_AGAIN_S)


def _text_of(order: Order) -> str:
    return json.dumps(
        {
            "action": str(order.action),
            "reason": order.reason,
            "actor": order.actor,
            "expires_at": order.expires_at,
            "id": order.id,
        }
    )


def _posted(text: bytes, left_ms: int) -> Posted:
    entry: dict[str, Any] = json.loads(text)
    told: dict[str, Any] = json.loads(entry["order"])
    order = Order(
        action=Action(told["action"]),
        reason=told["reason"],
        actor=told["actor"],
        ttl_s=left_ms / 1000 if left_ms >= 0 else inf,
        expires_at=told["expires_at"],
        id=told["id"],
    )
    return Posted(entry["name"], entry["service"], order, int(entry["sequence"]))

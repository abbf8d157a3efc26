"""What the replicas of a service share when there is a Redis, and each has for itself when there is none."""

from collections.abc import Callable
from dataclasses import dataclass

from wattos_platform.contracts.settings import Settings
from wattos_platform.kernel.redis.cache_store import RedisStore
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.fallback import FallbackLimiter, FallbackSlots, FallbackStore
from wattos_platform.kernel.redis.limiter import RedisLimiter
from wattos_platform.kernel.redis.slots import RedisSlots
from wattos_platform.kernel.redis.trip_board import RedisTripBoard
from wattos_platform.kernel.resilience.cache_store import CacheStore, MemoryStore, NullStore
from wattos_platform.kernel.resilience.limiter import Limiter, RateLimiter
from wattos_platform.kernel.resilience.slots import MemorySlots, Slots
from wattos_platform.kernel.resilience.trip_board import NoTripBoard, TripBoard
from wattos_platform.kernel.telemetry import Log, Meter


@dataclass(frozen=True, slots=True)
class Shared:
    """The ports behind which Redis or memory lies."""

    limiter: RateLimiter
    slots: Slots
    cache_store: CacheStore
    trip_board: TripBoard


def open_shared(
    service: str,
    settings: Settings,
    redis: RedisClient | None,
    *,
    meter: Meter,
    log: Log,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
) -> Shared:
    """Return what `service` shares through `redis`, each with memory as its fallback; memory without it."""

    def memory_store() -> CacheStore:
        return MemoryStore(clock, max_entries=settings.cache_max_size)

    limiter, slots = Limiter(monotonic, meter=meter), MemorySlots(monotonic)
    if redis is None:
        store = memory_store() if settings.cache_enabled else NullStore()
        return Shared(limiter, slots, store, NoTripBoard())
    return Shared(
        FallbackLimiter(RedisLimiter(redis, service, meter=meter), limiter),
        FallbackSlots(RedisSlots(redis, service), slots),
        FallbackStore(RedisStore(redis, service), memory_store) if settings.cache_enabled else NullStore(),
        RedisTripBoard(redis, log),
    )

"""From a URL to a client: pool, time-outs, breaker."""

from wattos_platform.contracts.settings import SettingsError
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.resilience.degrade import Degradation
from wattos_platform.kernel.telemetry import Log

BREAKER = "redis:main"
# One connection carries all commands; each subscription takes one more.
MAX_CONNECTIONS = 8
# Short waits: a probe costs one operation 100 ms at most, and Redis is usually back within seconds.
BREAKER_SETTINGS = BreakerSettings(
    failure_threshold=3, reset_timeout_s=1.0, wait_growth=1.0, wait_cap_s=2.0, half_open_max_s=2.0
)


def open_redis(
    url: str, *, breakers: BreakerRegistry, degradation: Degradation, log: Log, timeout_s: float
) -> RedisClient:
    """Return a client of the Redis at `url`, which is not asked yet.

    SettingsError when the URL cannot work; its text repeats nothing of the URL.
    """
    # Not at the top: 90 ms and 5 MB that only a platform with Redis pays.
    from redis.asyncio import ConnectionPool, Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.maint_notifications import MaintNotificationsConfig

    try:
        pool = ConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            socket_connect_timeout=timeout_s,
            # The client bounds a whole batch; a time-out per answer would cost more than the answer.
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
            # Nothing is said before the first command: every word is a round trip within its time.
            protocol=2,
            driver_info=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        pool.make_connection()  # type: ignore[no-untyped-call]  # the library gives no types
    except (RedisError, TypeError, ValueError):
        raise SettingsError("REDIS_URL: it names options that Redis connections do not have") from None
    return RedisClient(
        Redis.from_pool(pool),
        breaker=breakers.declare(BREAKER, BREAKER_SETTINGS),
        degradation=degradation,
        log=log,
        timeout_s=timeout_s,
    )

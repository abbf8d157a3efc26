"""All hops of one process."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from wattos_platform.kernel.hops.client import WireHopClient
from wattos_platform.kernel.hops.errors import HopUnavailable
from wattos_platform.kernel.hops.headers import Sign
from wattos_platform.kernel.hops.pool import RefusedError, WirePool
from wattos_platform.kernel.hops.ports import HopClient
from wattos_platform.kernel.hops.settings import HopSettings
from wattos_platform.kernel.hops.wire import WireError
from wattos_platform.kernel.resilience.breaker import BreakerRegistry
from wattos_platform.kernel.resilience.concurrency_registry import ConcurrencyLimits
from wattos_platform.kernel.resilience.retry import Retry, RetrySettings
from wattos_platform.kernel.telemetry import Meter

_ALIVE = 200


class Hops:
    """Gives the HopClient of each service. Connections open when needed and belong to that event loop.

    `urls` maps a service's name to its base URL; `sign(identity, audience)` returns the identity header.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        breakers: BreakerRegistry,
        concurrency: ConcurrencyLimits | None = None,
        *,
        sign: Sign | None = None,
        settings: HopSettings | None = None,
        meter: Meter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._urls = dict(urls)
        self._breakers = breakers
        self._concurrency = concurrency or ConcurrencyLimits(monotonic=monotonic)
        self._sign = sign
        self.settings = settings or HopSettings()
        self._monotonic = monotonic
        self._sleep = sleep
        self._meter = meter
        self._clients: dict[str, WireHopClient] = {}
        self._checks: dict[str, WirePool] = {}

    def to(self, service: str) -> HopClient:
        """Return the client of `service`; KeyError if no URL is known for it."""
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = WireHopClient(
                service,
                self._urls[service],
                # A service that was restarted is back within seconds, and one probe disturbs nobody.
                breaker=self._breakers.declare(f"hop:{service}", self._breakers.settings.nearby()),
                concurrency=self._concurrency.get(f"hop:{service}"),
                retry=self._retry(f"hop:{service}"),
                settings=self.settings,
                sign=self._sign,
                meter=self._meter,
                monotonic=self._monotonic,
            )
        return client

    def _retry(self, target: str) -> Retry:
        """Return what tries a refused connection, over which nothing was sent, once more."""
        wait_s = self.settings.retry_wait_s
        return Retry(
            target,
            RetrySettings(max_attempts=2, base_s=wait_s, cap_s=wait_s),
            monotonic=self._monotonic,
            sleep=self._sleep,
            meter=self._meter,
            should_retry=lambda error: isinstance(error, HopUnavailable) and error.reason == "refused",
        )

    async def ping(self, service: str) -> None:
        """Return when `service` is alive; ConnectionError or TimeoutError if not.

        Asks its liveness only, over a connection of its own and outside its breaker: a check must see what is
        there, also while every other connection is taken.
        """
        pool = self._checks.get(service)
        if pool is None:
            pool = self._checks[service] = WirePool(self._urls[service], self.settings.connect_s)
        head = f"GET {pool.prefix}/health/liveness HTTP/1.1\r\nhost: {pool.host_header}\r\n\r\n".encode(
            "latin-1"
        )
        try:
            async with asyncio.timeout(self.settings.ping_s):
                status = await _status(pool, head, self.settings.ping_s)
        except (RefusedError, WireError) as error:
            raise ConnectionError(str(error)) from error
        if status != _ALIVE:
            raise ConnectionError(f"it answered {status}")

    async def close(self) -> None:
        """Close every connection."""
        for pool in [*self._checks.values(), *(client.pool for client in self._clients.values())]:
            await pool.close()


async def _status(pool: WirePool, head: bytes, timeout_s: float) -> int:
    deadline = time.monotonic() + timeout_s
    connection = await pool.take(timeout_s)
    try:
        connection.send("GET", head, None, chunked=False)
        await connection.head(timeout_s, deadline)
        while await connection.chunk(timeout_s, deadline):
            pass
        return connection.status
    finally:
        pool.give(connection)

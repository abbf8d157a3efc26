"""All hops of one process, over one session."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import aiohttp

from wattos_platform.kernel.hops.client import AiohttpHopClient
from wattos_platform.kernel.hops.headers import Sign
from wattos_platform.kernel.hops.ports import HopClient
from wattos_platform.kernel.hops.settings import HopSettings
from wattos_platform.kernel.resilience.breaker import BreakerRegistry

_KEEP_ALIVE_S = 30.0
_READ_BUFFER_BYTES = 256 * 1024


class Hops:
    """Gives the HopClient of each service. The session opens at the first call and belongs to that loop.

    `urls` maps a service's name to its base URL; `sign(identity, audience)` returns the identity header.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        breakers: BreakerRegistry,
        *,
        sign: Sign | None = None,
        settings: HopSettings | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._urls = dict(urls)
        self._breakers = breakers
        self._sign = sign
        self._settings = settings or HopSettings()
        self._monotonic = monotonic
        self._sleep = sleep
        self._clients: dict[str, AiohttpHopClient] = {}
        self._session: aiohttp.ClientSession | None = None

    def to(self, service: str) -> HopClient:
        """Return the client of `service`; KeyError if the catalog has no such service."""
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = AiohttpHopClient(
                service,
                self._urls[service],
                session=self.session,
                breaker=self._breakers.get(f"hop:{service}"),
                settings=self._settings,
                sign=self._sign,
                monotonic=self._monotonic,
                sleep=self._sleep,
            )
        return client

    def session(self) -> aiohttp.ClientSession:
        """Return the one session, opened when first asked for; also the base of provider clients."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                # Each client bounds its own calls, so the connector need not.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_READ_BUFFER_BYTES,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session

    async def ping(self, service: str) -> None:
        """Return when `service` is alive; raises what aiohttp raises, ConnectionError for a status but 200.

        Asks its liveness only, outside its breaker: a check must see what is there.
        """
        timeout = aiohttp.ClientTimeout(total=self._settings.ping_s)
        url = f"{self._urls[service]}/health/liveness"
        async with self.session().get(url, timeout=timeout, allow_redirects=False) as response:
            if response.status != 200:  # noqa: PLR2004 - the one status of the living
                raise ConnectionError(f"{service} answered {response.status}")

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

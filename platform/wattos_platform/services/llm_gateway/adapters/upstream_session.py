"""The HTTP session to all upstreams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp


class UpstreamSession:
    """One bounded pool of connections to all upstreams; exists while the service runs."""

    def __init__(self, pool_size: int) -> None:
        self._pool_size = pool_size
        self._session: aiohttp.ClientSession | None = None

    def get(self) -> aiohttp.ClientSession:
        """Return the session; RuntimeError outside `run`."""
        if self._session is None:
            raise RuntimeError("the service is not running")
        return self._session

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Keep the session open for as long as the block lasts."""
        connector = aiohttp.TCPConnector(limit=self._pool_size, limit_per_host=self._pool_size)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=True) as session:
            self._session = session
            yield

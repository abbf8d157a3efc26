"""An answer over aiohttp, read as it arrives."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp

from wattos_platform.kernel.hops.errors import HopError, HopUnavailable
from wattos_platform.kernel.resilience.breaker import Breaker
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded


class AiohttpHopResponse:
    """Wraps aiohttp's answer; tells the breaker when the body breaks off."""

    __slots__ = ("_breaker", "_expired", "_max_bytes", "_response", "_service")

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        *,
        service: str,
        breaker: Breaker,
        max_bytes: int,
        expired: Callable[[], bool],
    ) -> None:
        self._response = response
        self._service = service
        self._breaker = breaker
        self._max_bytes = max_bytes
        self._expired = expired

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; look-ups ignore case."""
        return self._response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        content = self._response.content
        try:
            async for chunk in content.iter_any():
                yield chunk
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            raise self._broken(error) from error

    async def read(self) -> bytes:
        """Return the whole body."""
        length = self._response.content_length
        if length is not None and length <= self._max_bytes:
            try:
                return await self._response.read()
            except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
                raise self._broken(error) from error
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > self._max_bytes:
                raise HopError(
                    self._service,
                    502,
                    "upstream_too_large",
                    f"The service {self._service} answered with more than {self._max_bytes} bytes.",
                )
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _broken(self, error: BaseException) -> Exception:
        timed_out = isinstance(error, asyncio.TimeoutError)
        if timed_out and self._expired():
            return DeadlineExceeded(f"{self._service} had answered in full")
        failure = HopUnavailable(self._service, "timeout" if timed_out else "disconnected")
        self._breaker.failure(failure)
        return failure

"""A hop over aiohttp."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from wattos_platform.kernel import context as request_context
from wattos_platform.kernel.hops.encoding import encode
from wattos_platform.kernel.hops.errors import HopError, HopUnavailable, error_of
from wattos_platform.kernel.hops.headers import CachedSign, Sign, hop_headers
from wattos_platform.kernel.hops.response import AiohttpHopResponse
from wattos_platform.kernel.hops.settings import HopSettings
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerOpen
from wattos_platform.kernel.resilience.bulkhead import Bulkhead, BulkheadFull
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded, remaining_s

Body = bytes | AsyncIterator[bytes] | None
_ERROR = 400
_BUG = 500
_NEVER_ROUND_UP_S = 1e6
_JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class _Call:
    """One call; `deadline` is the request's (monotonic), `timeout_s` the caller's own bound."""

    method: str
    path: str
    body: Body
    headers: Mapping[str, str] | None
    deadline: float
    timeout_s: float | None


async def _watched(body: AsyncIterator[bytes], broken: list[Exception]) -> AsyncIterator[bytes]:
    """Yield `body`, leaving in `broken` what its source raises."""
    try:
        async for chunk in body:
            yield chunk
    except Exception as error:
        broken.append(error)
        raise


class AiohttpHopClient:
    """The HopClient of one service; `session` gives the process's one ClientSession."""

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        session: Callable[[], aiohttp.ClientSession],
        breaker: Breaker,
        settings: HopSettings,
        sign: Sign | None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.service = service
        self._base_url = base_url
        self._session = session
        self._breaker = breaker
        self._settings = settings
        self._sign = CachedSign(sign, service, monotonic) if sign else None
        self._monotonic = monotonic
        self._sleep = sleep
        self._bulkhead = Bulkhead(settings.pool_size)

    async def json(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send `body` as JSON and return the decoded answer, None for an empty one."""
        async with self.stream(
            method, path, json=body, headers={"accept": _JSON_TYPE, **(headers or {})}, timeout_s=timeout_s
        ) as response:
            content = await response.read()
        if response.status >= _ERROR:
            raise error_of(self.service, response.status, response.headers, content)
        if not content:
            return None
        try:
            return msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            raise HopError(
                self.service, 502, "upstream_invalid", f"The service {self.service} did not answer with JSON."
            ) from error

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        body: Body = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[AiohttpHopResponse]:
        """Send `body` as it comes and enter with the answer's head, whatever its status."""
        if json is not None:
            body = encode(json)
            headers = {"content-type": _JSON_TYPE, **(headers or {})}
        deadline = request_context.current().deadline
        await self._take_place(deadline)
        try:
            response = await self._send(_Call(method, path, body, headers, deadline, timeout_s))
            try:
                yield AiohttpHopResponse(
                    response,
                    service=self.service,
                    breaker=self._breaker,
                    max_bytes=self._settings.max_body_bytes,
                    expired=lambda: self._out_of_time(deadline),
                )
            finally:
                # Closes the connection unless the body was read to its end, when it is back in the pool.
                response.close()
        finally:
            self._bulkhead.leave()

    async def _take_place(self, deadline: float) -> None:
        left_s = remaining_s(deadline, self._monotonic(), f"{self.service} could be asked")
        try:
            await self._bulkhead.enter(min(self._settings.pool_wait_s, left_s))
        except BulkheadFull as error:
            raise HopUnavailable(self.service, "overloaded") from error

    async def _send(self, call: _Call) -> aiohttp.ClientResponse:
        """Return the answer's head; a refused connection, over which nothing was sent, is tried once more."""
        context = request_context.current()
        attempts = 1 if context.attempt else 2
        for attempt in range(attempts):
            left_s = remaining_s(call.deadline, self._monotonic(), f"{self.service} could be asked")
            if call.timeout_s is not None:
                left_s = min(left_s, call.timeout_s)
            sent = hop_headers(call.headers, context, sign=self._sign, left_s=left_s, attempt=attempt)
            if not isinstance(call.body, AsyncIterator):
                # Only a body passed through keeps the length its sender named.
                sent.pop("content-length", None)
            try:
                return await self._attempt(call, sent, left_s)
            except HopUnavailable as error:
                if error.reason != "refused" or attempt + 1 == attempts:
                    raise
            await self._sleep(self._settings.retry_wait_s)
        raise AssertionError("the loop returns or raises")

    async def _attempt(
        self, call: _Call, headers: Mapping[str, str], left_s: float
    ) -> aiohttp.ClientResponse:
        breaker, settings = self._breaker, self._settings
        try:
            permit = breaker.allow()
        except BreakerOpen as error:
            raise HopUnavailable(self.service, "breaker_open", error.retry_after_s) from error
        broken: list[Exception] = []
        try:
            response = await self._session().request(
                call.method,
                URL(self._base_url + call.path, encoded=True),
                data=_watched(call.body, broken) if isinstance(call.body, AsyncIterator) else call.body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=left_s,
                    sock_connect=settings.connect_s,
                    sock_read=settings.first_byte_s,
                    ceil_threshold=_NEVER_ROUND_UP_S,
                ),
            )
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            if broken:
                # Whoever sends the body failed, not the service that waits for it.
                breaker.release(permit)
                raise broken[0] from error
            failure = self._failure(error, call.deadline)
            breaker.failure(failure, permit)
            raise failure from error
        except BaseException:
            breaker.release(permit)
            raise
        self._judge(response.status, permit)
        if response.connection is not None and response.connection.protocol is not None:
            response.connection.protocol.read_timeout = settings.idle_s
        return response

    def _judge(self, status: int, permit: float) -> None:
        if status == _BUG:
            self._breaker.failure(None, permit)
        elif status > _BUG:
            # 502 to 504 are a living service's word on its own upstreams or its load.
            self._breaker.release(permit)
        else:
            self._breaker.success(permit)

    def _failure(self, error: BaseException, deadline: float) -> Exception:
        if isinstance(error, asyncio.TimeoutError):
            if self._out_of_time(deadline):
                return DeadlineExceeded(f"{self.service} had answered")
            return HopUnavailable(self.service, "timeout")
        if isinstance(error, aiohttp.ClientConnectorError):
            return HopUnavailable(self.service, "refused")
        return HopUnavailable(self.service, "disconnected")

    def _out_of_time(self, deadline: float) -> bool:
        # A call's total time-out is its deadline less a margin: by then nothing more can be started.
        return self._monotonic() >= deadline - 0.05

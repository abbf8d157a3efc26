"""A hop over one pool of connections."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from wattos_platform.kernel import context as request_context
from wattos_platform.kernel.hops.encoding import encode
from wattos_platform.kernel.hops.errors import HopError, HopUnavailable, error_of
from wattos_platform.kernel.hops.headers import CachedSign, Sign, hop_headers
from wattos_platform.kernel.hops.pool import RefusedError, WirePool
from wattos_platform.kernel.hops.request import Body, HopRequest, head_bytes
from wattos_platform.kernel.hops.response import WireHopResponse
from wattos_platform.kernel.hops.settings import HopSettings
from wattos_platform.kernel.hops.wire import UploadError, WireConnection, WireError
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerOpen
from wattos_platform.kernel.resilience.bulkhead import Bulkhead, BulkheadFull
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded, remaining_s

_ERROR = 400
_BUG = 500
_JSON_TYPE = "application/json"
# Repeating these changes nothing, so a kept connection that turns out to be closed costs no error.
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# A call's time-out is its deadline less a margin: this close to it, it was the deadline.
_AT_DEADLINE_S = 0.05


class WireHopClient:
    """The HopClient of one service."""

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        breaker: Breaker,
        settings: HopSettings,
        sign: Sign | None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.service = service
        self.pool = WirePool(base_url, settings.connect_s)
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
        first_byte_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send `body` as JSON and return the decoded answer, None for an empty one."""
        headers = {"accept": _JSON_TYPE, **(headers or {})}
        async with self.stream(
            method, path, json=body, headers=headers, timeout_s=timeout_s, first_byte_s=first_byte_s
        ) as response:
            content = await response.read()
        if response.status >= _ERROR:
            raise error_of(self.service, response.status, response.headers, content)
        if not content:
            return None
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
        first_byte_s: float | None = None,
    ) -> AsyncIterator[WireHopResponse]:
        """Send `body` as it comes and enter with the answer's head, whatever its status."""
        if json is not None:
            body = encode(json)
            headers = {"content-type": _JSON_TYPE, **(headers or {})}
        request = HopRequest(
            method,
            path,
            body,
            headers,
            deadline=request_context.current().deadline,
            timeout_s=timeout_s,
            first_byte_s=self._settings.first_byte_s if first_byte_s is None else first_byte_s,
        )
        await self._take_place(request.deadline)
        try:
            connection, deadline = await self._send(request)
            try:
                yield WireHopResponse(
                    connection,
                    service=self.service,
                    idle_s=self._settings.idle_s,
                    deadline=deadline,
                    max_bytes=self._settings.max_body_bytes,
                    failed=lambda error: self._broken_off(error, request.deadline),
                )
            finally:
                # Closes the connection at once unless the answer was read to its end.
                self.pool.give(connection)
        finally:
            self._bulkhead.leave()

    async def _take_place(self, deadline: float) -> None:
        left_s = remaining_s(deadline, self._monotonic(), f"{self.service} could be asked")
        try:
            await self._bulkhead.enter(min(self._settings.pool_wait_s, left_s))
        except BulkheadFull as error:
            raise HopUnavailable(self.service, "overloaded") from error

    async def _send(self, request: HopRequest) -> tuple[WireConnection, float]:
        """Return a connection with the answer's head and the monotonic instant at which the call must end.

        A refused connection, over which nothing was sent, is tried once more.
        """
        context = request_context.current()
        attempts = 1 if context.attempt else 2
        for attempt in range(attempts):
            now = self._monotonic()
            left_s = remaining_s(request.deadline, now, f"{self.service} could be asked")
            if request.timeout_s is not None:
                left_s = min(left_s, request.timeout_s)
            headers = hop_headers(request.headers, context, sign=self._sign, left_s=left_s, attempt=attempt)
            target = self.pool.prefix + request.path
            head, chunked = head_bytes(request, target, self.pool.host_header, headers)
            try:
                return await self._attempt(request, head, now + left_s, chunked=chunked), now + left_s
            except HopUnavailable as error:
                if error.reason != "refused" or attempt + 1 == attempts:
                    raise
            await self._sleep(self._settings.retry_wait_s)
        raise AssertionError("the loop returns or raises")

    async def _attempt(
        self, request: HopRequest, head: bytes, until: float, *, chunked: bool
    ) -> WireConnection:
        breaker = self._breaker
        try:
            permit = breaker.allow()
        except BreakerOpen as error:
            raise HopUnavailable(self.service, "breaker_open", error.retry_after_s) from error
        try:
            connection = await self._exchange(request, head, until, chunked=chunked)
        except UploadError as error:
            # Whoever sends the body failed, not the service that waits for it.
            breaker.release(permit)
            raise error.__cause__ or error from None
        except (TimeoutError, RefusedError, WireError) as error:
            failure = self._failure(error, request.deadline)
            breaker.failure(failure, permit)
            raise failure from error
        except BaseException:
            breaker.release(permit)
            raise
        self._judge(connection.status, permit)
        return connection

    async def _exchange(
        self, request: HopRequest, head: bytes, until: float, *, chunked: bool
    ) -> WireConnection:
        """Return a connection over which the head of the answer has come."""
        fresh = False
        while True:
            connection = await self.pool.take(until - self._monotonic(), fresh=fresh)
            try:
                connection.send(request.method, head, request.body, chunked=chunked)
                await connection.head(request.first_byte_s, until)
            except WireError as error:
                connection.abort()
                whole = request.body is None or isinstance(request.body, bytes)
                stale = connection.used > 1 and error.clean and not fresh
                if not (stale and whole and request.method in _REPEATABLE):
                    raise
                # A kept connection that the service had closed meanwhile: a new one decides.
                fresh = True
            except BaseException:
                connection.abort()
                raise
            else:
                return connection

    def _judge(self, status: int, permit: float) -> None:
        if status == _BUG:
            self._breaker.failure(None, permit)
        elif status > _BUG:
            # 502 to 504 are a living service's word on its own upstreams or its load.
            self._breaker.release(permit)
        else:
            self._breaker.success(permit)

    def _failure(self, error: BaseException, deadline: float) -> Exception:
        if isinstance(error, TimeoutError):
            if self._monotonic() >= deadline - _AT_DEADLINE_S:
                return DeadlineExceeded(f"{self.service} had answered")
            return HopUnavailable(self.service, "timeout")
        return HopUnavailable(self.service, "refused" if isinstance(error, RefusedError) else "disconnected")

    def _broken_off(self, error: BaseException, deadline: float) -> BaseException:
        """Return what a reader is told whose answer broke off, having told the breaker."""
        if isinstance(error, UploadError):
            return error.__cause__ or error
        failure = self._failure(error, deadline)
        self._breaker.failure(failure)
        return failure

"""A hop over one pool of connections."""

import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from wattos_platform.kernel import context as request_context
from wattos_platform.kernel.hops.encoding import encode
from wattos_platform.kernel.hops.errors import HopError, HopUnavailable, error_of
from wattos_platform.kernel.hops.headers import CachedSign, Sign, hop_headers
from wattos_platform.kernel.hops.pool import RefusedError, WirePool
from wattos_platform.kernel.hops.request import Body, HopRequest, head_bytes, kind_of
from wattos_platform.kernel.hops.response import WireHopResponse
from wattos_platform.kernel.hops.settings import HopSettings
from wattos_platform.kernel.hops.wire import UploadError, WireConnection, WireError
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerOpen
from wattos_platform.kernel.resilience.concurrency import ConcurrencyLimit, Permit, Shed
from wattos_platform.kernel.resilience.deadline import MARGIN_S, MINIMUM_S, DeadlineExceeded, remaining_s
from wattos_platform.kernel.resilience.retry import Retry
from wattos_platform.kernel.telemetry import Meter, NullMeter

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
        concurrency: ConcurrencyLimit,
        retry: Retry,
        settings: HopSettings,
        sign: Sign | None,
        meter: Meter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self.pool = WirePool(base_url, settings.connect_s)
        self._breaker = breaker
        self._settings = settings
        self._idle_s = settings.silence_s(service)
        self._sign = CachedSign(sign, service, monotonic) if sign else None
        self._monotonic = monotonic
        self._retry = retry
        self.limit = concurrency
        meter, target = meter or NullMeter(), f"hop:{service}"
        self._succeeded = meter.histogram("hop_duration_seconds", target=target, outcome="success")
        self._failed = meter.histogram("hop_duration_seconds", target=target, outcome="failure")

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
        context = request_context.current()
        until = context.deadline - MARGIN_S
        request = HopRequest(
            method,
            path,
            body,
            headers,
            deadline=context.deadline,
            until=until if timeout_s is None else min(until, self._monotonic() + timeout_s),
            first_byte_s=self._settings.first_byte_s if first_byte_s is None else first_byte_s,
        )
        connection, permit = await self._send(request, context)
        try:
            yield WireHopResponse(
                connection,
                service=self.service,
                idle_s=self._idle_s,
                deadline=request.until,
                max_bytes=self._settings.max_body_bytes,
                failed=lambda error: self._broken_off(error, request.deadline),
            )
        finally:
            # Closes the connection at once unless the answer was read to its end.
            self.pool.give(connection)
            permit.end()

    async def _send(
        self, request: HopRequest, context: request_context.RequestContext
    ) -> tuple[WireConnection, Permit]:
        """Return a connection with the answer's head, and the permit to end with it.

        A refused connection, over which nothing was sent, is tried once more.
        """
        return await self._retry.call(
            lambda attempt: self._attempt(request, context, attempt), deadline=request.deadline
        )

    async def _attempt(
        self, request: HopRequest, context: request_context.RequestContext, attempt: int
    ) -> tuple[WireConnection, Permit]:
        """Ask past the breaker, and tell it how that went."""
        self._left_s(request)
        breaker = self._breaker
        try:
            allowed = breaker.allow()
        except BreakerOpen as error:
            raise HopUnavailable(self.service, "breaker_open", error.retry_after_s) from error
        begin = self._monotonic()
        try:
            connection, permit = await self._placed(request, context, attempt)
        except UploadError as error:
            # Whoever sends the body failed, not the service that waits for it.
            breaker.release(allowed)
            raise error.__cause__ or error from None
        except (TimeoutError, RefusedError, WireError) as error:
            self._failed.observe(self._monotonic() - begin)
            failure = self._failure(error, request.deadline)
            breaker.failure(failure, allowed)
            raise failure from error
        except BaseException:
            breaker.release(allowed)
            raise
        timed = self._failed if connection.status >= _BUG else self._succeeded
        timed.observe(self._monotonic() - begin)
        self._judge(connection.status, allowed)
        return connection, permit

    async def _placed(
        self, request: HopRequest, context: request_context.RequestContext, attempt: int
    ) -> tuple[WireConnection, Permit]:
        """Ask in a place among the calls under way, and let the limit learn from how long it took."""
        wait_s = max(0.0, min(self._settings.pool_wait_s, self._left_s(request) - MINIMUM_S))
        try:
            permit = await self.limit.acquire(wait_s, kind_of(request.method, request.path))
        except Shed as error:
            raise HopUnavailable(self.service, "overloaded", error.retry_after_s) from error
        try:
            connection = await self._exchange(request, context, attempt)
        except BaseException as error:
            if isinstance(error, TimeoutError):
                if self._is_over(request.deadline):
                    permit.gave_up()
                else:
                    permit.dropped()
            permit.end()
            raise
        if connection.status < _ERROR and connection.sent_at < math.inf:
            permit.answered(connection.sent_at)
        return connection, permit

    async def _exchange(
        self, request: HopRequest, context: request_context.RequestContext, attempt: int
    ) -> WireConnection:
        """Return a connection over which the head of the answer has come."""
        left_s = self._left_s(request)
        headers = hop_headers(request.headers, context, sign=self._sign, left_s=left_s, attempt=attempt)
        target = self.pool.prefix + request.path
        head, chunked = head_bytes(request, target, self.pool.host_header, headers)
        fresh = False
        while True:
            connection = await self.pool.take(request.until - self._monotonic(), fresh=fresh)
            try:
                connection.send(request.method, head, request.body, chunked=chunked)
                await connection.head(request.first_byte_s, request.until)
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

    def _left_s(self, request: HopRequest) -> float:
        """Return how long the call may still take; DeadlineExceeded below 50 ms of the request's own time."""
        now = self._monotonic()
        remaining_s(request.deadline, now, f"{self.service} could be asked")
        return request.until - now

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
            if self._is_over(deadline):
                return DeadlineExceeded(f"{self.service} had answered")
            return HopUnavailable(self.service, "timeout")
        return HopUnavailable(self.service, "refused" if isinstance(error, RefusedError) else "disconnected")

    def _is_over(self, deadline: float) -> bool:
        return self._monotonic() >= deadline - _AT_DEADLINE_S

    def _broken_off(self, error: BaseException, deadline: float) -> BaseException:
        """Return what a reader is told whose answer broke off, having told the breaker."""
        if isinstance(error, UploadError):
            return error.__cause__ or error
        failure = self._failure(error, deadline)
        self._breaker.failure(failure)
        return failure

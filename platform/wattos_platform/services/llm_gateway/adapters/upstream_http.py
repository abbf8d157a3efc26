"""HTTP to one provider: kept connections, every wait bounded, every failure named."""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Self

from wattos_platform.kernel.context import try_current
from wattos_platform.kernel.hops.pool import RefusedError, WirePool
from wattos_platform.kernel.hops.wire import WireConnection, WireError
from wattos_platform.kernel.resilience.concurrency import ConcurrencyLimit, Permit, Shed
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats.wire_format import UpstreamCall

MAX_ANSWER_BYTES = 32_000_000
MAX_ERROR_BYTES = 65_536
_LINGER_S = 0.05
_REFUSED_FOR_LOAD = frozenset({429, 503, 529})
_ERROR = 400
_COMPRESSED = frozenset({b"gzip", b"deflate"})
_AUTO_DETECT_GZIP = 32 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class UpstreamTimeouts:
    """Seconds: to connect, for a place in the pool, to the first byte, of silence after it."""

    connect_s: float = 1.0
    pool_wait_s: float = 1.0
    first_byte_s: float = 60.0
    idle_s: float = 30.0


class UpstreamHttp:
    """The connections to one provider's base URL, as many in use at once as `limit` allows.

    Everything that goes wrong is a ProviderFailure that names the provider and nothing of its address.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        timeouts: UpstreamTimeouts,
        *,
        limit: ConcurrencyLimit,
    ) -> None:
        self.provider = provider
        self.timeouts = timeouts
        self._pool = WirePool(base_url, timeouts.connect_s)
        self._limit = limit

    def head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        """Return the lines of a request's head that are the same for every call to `path`."""
        lines = [f"{method} {self._pool.prefix}{path} HTTP/1.1", f"host: {self._pool.host_header}"]
        fixed = {"content-type": "application/json", "accept-encoding": "identity", **headers}
        lines += [f"{name}: {value}" for name, value in fixed.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ProviderFailure("auth", f"The provider {self.provider} is set up with a broken header.")
        return ("\r\n".join(lines) + "\r\n").encode("latin-1", "replace")

    async def open(self, head: bytes, call: UpstreamCall, kind: str) -> "UpstreamAnswer":
        """Send `call` and return its answer once the head is there, whatever its status; close it after.

        `kind` names calls that take about as long: a model's whole answers, its streams.
        """
        permit = self._limit.try_acquire(kind) or await self._wait_for_place(kind)
        try:
            connection = await self._exchange(_whole(head, call), call)
        except ProviderFailure as failure:
            if failure.kind == "timeout":
                permit.dropped()
            permit.end()
            raise
        except BaseException:
            permit.end()
            raise
        if connection.status in _REFUSED_FOR_LOAD:
            permit.dropped()
        elif connection.status < _ERROR:
            # A refusal is quick and says nothing of how fast answers are.
            permit.answered(connection.sent_at)
        return UpstreamAnswer(self, connection, permit)

    async def _wait_for_place(self, kind: str) -> Permit:
        try:
            return await self._limit.acquire(self.timeouts.pool_wait_s, kind)
        except Shed as error:
            raise ProviderFailure(
                "shed",
                f"Too many calls to the provider {self.provider} are under way.",
                retry_after_s=error.retry_after_s,
            ) from error

    def retire(self) -> None:
        """Close what is idle now, and what is in use when it is given back."""
        self._pool.retire()

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    def give_back(self, connection: WireConnection, permit: Permit, *, over: bool) -> None:
        """Take back a connection; it is closed unless its answer was read to the end.

        `over`: the provider has said all, only the end of the HTTP body may still be on its way. A moment is
        worth it, since a new connection costs more.
        """
        permit.end()
        if over and not connection.complete:
            asyncio.get_running_loop().call_later(_LINGER_S, self._pool.give, connection)
        else:
            self._pool.give(connection)

    def broken(self, error: BaseException) -> ProviderFailure:
        """Return what it means that an answer that had begun does not go on."""
        if isinstance(error, TimeoutError):
            return ProviderFailure("timeout", f"The provider {self.provider} fell silent.")
        return ProviderFailure("truncated", f"The provider {self.provider} broke the connection.")

    async def _exchange(self, request: bytes, call: UpstreamCall) -> WireConnection:
        fresh = False
        while True:
            try:
                kept = None if fresh else self._pool.take_kept()
                connection = kept or await self._pool.take(inf, fresh=fresh)
            except (RefusedError, TimeoutError) as error:
                raise self._unavailable("cannot be reached") from error
            try:
                connection.send(call.method, request, None, chunked=False)
                await connection.head(self.timeouts.first_byte_s, inf)
            except TimeoutError as error:
                connection.abort()
                raise ProviderFailure(
                    "timeout", f"The provider {self.provider} did not answer in time."
                ) from error
            except WireError as error:
                connection.abort()
                if fresh or not error.clean or connection.used == 1:
                    raise self._unavailable("broke the connection") from error
                # The provider had closed this kept connection before the request reached it.
                fresh = True
            except BaseException:
                connection.abort()
                raise
            else:
                return connection

    def _unavailable(self, what: str) -> ProviderFailure:
        return ProviderFailure("unavailable", f"The provider {self.provider} {what}.")


class UpstreamAnswer:
    """One answer of a provider; leaving its block gives the connection back.

    Set `over` when the provider has said all that it will, so that the connection may be used again.
    """

    __slots__ = ("_connection", "_http", "_inflate", "_permit", "_silence_s", "over", "status")

    def __init__(self, http: UpstreamHttp, connection: WireConnection, permit: Permit) -> None:
        self._http = http
        self._connection = connection
        self._permit = permit
        self._silence_s = http.timeouts.first_byte_s
        self.over = False
        self.status: int = connection.status
        compressed = connection.header(b"content-encoding") in _COMPRESSED
        self._inflate = zlib.decompressobj(_AUTO_DETECT_GZIP) if compressed else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.give_back(self._connection, self._permit, over=self.over)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the fields of the head."""
        return self._connection.headers

    @property
    def content_type(self) -> str:
        """Return the media type without its parameters, in lower case."""
        given = self._connection.header(b"content-type").decode("latin-1")
        return given.partition(";")[0].strip().lower()

    async def read(self) -> bytes:
        """Return the whole body; ProviderFailure for more than 32 MB."""
        if self._connection.complete and self._inflate is None:
            return self._connection.arrived()
        parts: list[bytes] = []
        size = 0
        while part := await self.piece():
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise self._nonsense("too much")
        return b"".join(parts)

    async def error_body(self) -> bytes:
        """Return the first 64 KB of an error's body, as far as they come in time."""
        body = b""
        try:
            async with asyncio.timeout(self._http.timeouts.idle_s):
                while len(body) < MAX_ERROR_BYTES and (piece := await self.piece()):
                    body += piece
        except (TimeoutError, ProviderFailure):
            pass  # the status alone says enough
        return body[:MAX_ERROR_BYTES]

    async def piece(self) -> bytes:
        """Return what has arrived of the body, waiting for some; nothing at its end.

        Silence and a broken connection are ProviderFailures.
        """
        while True:
            try:
                piece = await self._connection.chunk(self._silence_s, inf)
            except (TimeoutError, WireError) as error:
                raise self._http.broken(error) from error
            self._silence_s = self._http.timeouts.idle_s
            if self._inflate is None or not piece:
                return piece
            if inflated := self._inflated(piece):
                return inflated

    def _inflated(self, piece: bytes) -> bytes:
        assert self._inflate is not None  # noqa: S101 - narrows the type; the caller has looked
        try:
            content = self._inflate.decompress(piece, MAX_ANSWER_BYTES)
        except zlib.error as error:
            raise self._nonsense("bytes that are not compressed as it says") from error
        if self._inflate.unconsumed_tail:
            raise self._nonsense("too much")
        return content

    def _nonsense(self, what: str) -> ProviderFailure:
        return ProviderFailure("unavailable", f"The provider {self._http.provider} answered with {what}.")


def _whole(head: bytes, call: UpstreamCall) -> bytes:
    """Return the request: the fixed head, the trace, the length and the body."""
    context = try_current()
    trace = b"" if context is None else f"traceparent: {context.child_traceparent()}\r\n".encode()
    return head + trace + b"content-length: %d\r\n\r\n" % len(call.body) + call.body

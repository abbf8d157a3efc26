"""A HopClient that answers from a table: no network, the same errors as the real one."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.datastructures import Headers

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel import context
from wattos_platform.kernel.hops.encoding import encode
from wattos_platform.kernel.hops.errors import HopError, HopUnavailable, error_of


@dataclass
class Reply:
    """What a fake answers; `chunks` may end with an exception, which breaks the stream there."""

    status: int = 200
    json: Any = None
    body: bytes = b""
    chunks: list[bytes | Exception] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """One call as the other service would have seen it."""

    method: str
    path: str
    body: bytes
    headers: Headers
    identity: Identity | None
    request_id: str
    deadline: float

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class FakeResponse:
    def __init__(self, service: str, reply: Reply) -> None:
        self._service, self._reply = service, reply
        self.closed = False
        self.status = reply.status
        self.headers = Headers(dict(reply.headers))

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._reply.chunks is None:
            content = encode(self._reply.json) if self._reply.json is not None else self._reply.body
            if content:
                yield content
            return
        for chunk in self._reply.chunks:
            if isinstance(chunk, Exception):
                raise HopUnavailable(self._service, "disconnected") from chunk
            yield chunk

    async def read(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])


class FakeHop:
    """`FakeHop().reply("GET", "/v1/models", json={...})`; a call nobody told it about fails the test.

    `handler(recorded) -> Reply`, sync or async, answers what the table does not. `down("refused")` makes
    every call HopUnavailable until `up()`.
    """

    def __init__(self, service: str = "upstream", handler: Callable[[Recorded], Any] | None = None) -> None:
        self.service = service
        self.requests: list[Recorded] = []
        self.responses: list[FakeResponse] = []
        self._handler = handler
        self._table: dict[tuple[str, str], list[Reply]] = {}
        self._reason: str | None = None

    def reply(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        json: Any = None,
        body: bytes = b"",
        chunks: list[bytes | Exception] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "FakeHop":
        """Answer `method path`; told twice, the answers come in order and the last one stays."""
        self._table.setdefault((method, path), []).append(Reply(status, json, body, chunks, headers or {}))
        return self

    def down(self, reason: str = "refused") -> None:
        self._reason = reason

    def up(self) -> None:
        self._reason = None

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
        async with self.stream(method, path, json=body, headers=headers, timeout_s=timeout_s) as response:
            content = await response.read()
        if response.status >= 400:
            raise error_of(self.service, response.status, response.headers, content)
        if not content:
            return None
        try:
            return msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            raise HopError(self.service, 502, "upstream_invalid", "not JSON") from error

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        body: bytes | AsyncIterator[bytes] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        first_byte_s: float | None = None,
    ) -> AsyncIterator[FakeResponse]:
        if self._reason is not None:
            raise HopUnavailable(self.service, self._reason)
        content = await self._content(body, json)
        now = context.current()
        recorded = Recorded(
            method, path, content, Headers(dict(headers or {})), now.identity, now.request_id, now.deadline
        )
        self.requests.append(recorded)
        response = FakeResponse(self.service, await self._answer(recorded))
        self.responses.append(response)
        try:
            yield response
        finally:
            response.closed = True

    async def _content(self, body: bytes | AsyncIterator[bytes] | None, json: Any) -> bytes:
        if json is not None:
            return encode(json)
        if body is None or isinstance(body, bytes):
            return body or b""
        return b"".join([chunk async for chunk in body])

    async def _answer(self, recorded: Recorded) -> Reply:
        replies = self._table.get((recorded.method, recorded.path))
        if replies:
            return replies.pop(0) if len(replies) > 1 else replies[0]
        if self._handler is not None:
            answer = self._handler(recorded)
            return await answer if inspect.isawaitable(answer) else answer
        raise AssertionError(f"nobody told the fake {self.service} about {recorded.method} {recorded.path}")

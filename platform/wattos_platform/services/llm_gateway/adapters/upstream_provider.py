"""Any OpenAI-compatible upstream over aiohttp: every wait bounded, every failure named."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from wattos_platform.kernel.sse import SseTooLargeError, parse_sse
from wattos_platform.services.llm_gateway.adapters.upstream_settings import UpstreamSettings
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.context_prompt import with_passages
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure, from_status

MAX_ANSWER_BYTES = 32_000_000
MAX_ERROR_BYTES = 65_536
MAX_MODELS = 1000
LIST_TIMEOUT_S = 3.0
_OK = 200


@dataclass(frozen=True, slots=True)
class UpstreamTimeouts:
    """Seconds: to connect (waiting for a pooled connection apart), to the first byte, of silence after it."""

    connect_s: float = 1.0
    pool_wait_s: float = 1.0
    first_byte_s: float = 60.0
    idle_s: float = 30.0


class UpstreamProvider:
    """Speaks OpenAI's wire format to one base URL. The session is the service's, one pool for all."""

    def __init__(
        self,
        settings: UpstreamSettings,
        session: Callable[[], aiohttp.ClientSession],
        timeouts: UpstreamTimeouts,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._session = session
        self._timeouts = timeouts
        self._clock = clock

    @property
    def name(self) -> str:
        """Return the configured name."""
        return self._settings.name

    def unsupported(self, _request: ChatRequest) -> str | None:
        """Return None: what the upstream cannot do, it says itself."""
        return None

    async def complete(self, model: str, request: ChatRequest) -> dict[str, Any]:
        """Return the upstream's answer; what it adds beyond OpenAI's shape is kept."""
        body = await self._post_json("/chat/completions", _chat_body(model, request))
        if not isinstance(body.get("choices"), list) or not body["choices"]:
            raise self._nonsense("an answer without choices")
        return body

    async def stream(self, model: str, request: ChatRequest) -> AsyncIterator[dict[str, Any]]:
        """Yield the upstream's chunks; usage is always asked for, so that it can be counted."""
        payload = _chat_body(model, request)
        payload["stream"] = True
        payload["stream_options"] = {**(payload.get("stream_options") or {}), "include_usage": True}
        begin = asyncio.get_running_loop().time()
        async with self._open("POST", "/chat/completions", payload) as response:
            if response.content_type != "text/event-stream":
                raise self._nonsense(f"a stream of type {response.content_type}")
            spent = asyncio.get_running_loop().time() - begin
            events = parse_sse(self._bytes(response, self._timeouts.first_byte_s - spent))
            try:
                async for found in events:
                    if found.data == "[DONE]":
                        return
                    yield self._chunk(found.data)
            except SseTooLargeError as error:
                raise self._nonsense("an event without end") from error

    async def embed(self, model: str, request: EmbeddingRequest) -> dict[str, Any]:
        """Return the upstream's embeddings."""
        return await self._post_json("/embeddings", {**request.body, "model": model})

    async def list_models(self) -> tuple[str, ...]:
        """Return the ids that GET /models lists, at most 1000."""
        async with asyncio.timeout(LIST_TIMEOUT_S), self._open("GET", "/models", None) as response:
            body = await self._json(response)
        entries = body.get("data")
        ids = (
            [entry.get("id") for entry in entries if isinstance(entry, dict)]
            if isinstance(entries, list)
            else []
        )
        return tuple(str(name) for name in ids[:MAX_MODELS] if name)

    async def _post_json(self, path: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        async with self._open("POST", path, payload) as response:
            return await self._json(response)

    @asynccontextmanager
    async def _open(
        self, method: str, path: str, payload: Mapping[str, Any] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Lend the upstream's answer once its headers are there and it is 200; ProviderFailure otherwise."""
        problem = self._settings.problem
        if problem is not None:
            raise ProviderFailure("auth", f"The provider {self.name} cannot be used: {problem}.")
        waits = self._timeouts
        timeout = aiohttp.ClientTimeout(
            total=None, connect=waits.pool_wait_s + waits.connect_s, sock_connect=waits.connect_s
        )
        headers = {"Content-Type": "application/json"}
        if self._settings.key:
            headers["Authorization"] = f"Bearer {self._settings.key}"
        call = self._session().request(
            method,
            self._settings.base_url + path,
            data=None if payload is None else msgspec.json.encode(payload),
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        )
        try:
            async with asyncio.timeout(waits.first_byte_s):
                response = await call
        except aiohttp.ConnectionTimeoutError as error:
            raise ProviderFailure("unavailable", f"The provider {self.name} cannot be reached.") from error
        except TimeoutError as error:
            raise ProviderFailure("timeout", f"The provider {self.name} did not answer in time.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ProviderFailure("unavailable", f"The provider {self.name} cannot be reached.") from error
        async with response:
            if response.status != _OK:
                raise from_status(
                    self.name,
                    response.status,
                    response.headers,
                    await self._error_body(response),
                    self._clock(),
                )
            yield response

    async def _error_body(self, response: aiohttp.ClientResponse) -> Any:
        try:
            async with asyncio.timeout(self._timeouts.idle_s):
                body = await response.content.read(MAX_ERROR_BYTES)
            text = body.decode("utf-8", "replace")
            return msgspec.json.decode(
                text.replace(self._settings.key, "***") if self._settings.key else text
            )
        except (TimeoutError, aiohttp.ClientError, OSError, msgspec.DecodeError):
            return None

    async def _json(self, response: aiohttp.ClientResponse) -> dict[str, Any]:
        parts: list[bytes] = []
        size = 0
        async for part in self._bytes(response, self._timeouts.first_byte_s):
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise self._nonsense("an answer that is too large")
        try:
            body = msgspec.json.decode(b"".join(parts))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._nonsense("something that is not JSON") from None
        if not isinstance(body, dict) or body.get("error"):
            raise self._nonsense("an error with status 200")
        return body

    async def _bytes(self, response: aiohttp.ClientResponse, first_s: float) -> AsyncIterator[bytes]:
        """Yield the body as it comes; silence beyond the limits and a broken connection are failures."""
        limit = max(first_s, 0.05)
        while True:
            try:
                async with asyncio.timeout(limit):
                    part = await response.content.readany()
            except TimeoutError as error:
                raise ProviderFailure("timeout", f"The provider {self.name} fell silent.") from error
            except (aiohttp.ClientError, OSError) as error:
                raise ProviderFailure(
                    "truncated", f"The provider {self.name} broke the connection."
                ) from error
            if not part:
                return
            yield part
            limit = self._timeouts.idle_s

    def _chunk(self, data: str) -> dict[str, Any]:
        try:
            chunk = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._nonsense("a chunk that is not JSON") from None
        if not isinstance(chunk, dict) or chunk.get("error"):
            raise self._nonsense("an error inside its stream")
        return chunk

    def _nonsense(self, what: str) -> ProviderFailure:
        return ProviderFailure("unavailable", f"The provider {self.name} answered with {what}.")


def _chat_body(model: str, request: ChatRequest) -> dict[str, Any]:
    """Return the caller's body for the upstream: its model's name, passages as prompt text."""
    body = {**request.body, "model": model}
    if request.passages:
        body["messages"] = with_passages(request.messages, request.passages)
    return body

"""A provider over HTTP: its wire format says what to send and what an answer means."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from wattos_platform.kernel.sse import EventSplitter, SseTooLargeError
from wattos_platform.services.llm_gateway.adapters.upstream_http import UpstreamAnswer, UpstreamHttp
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.configured import UpstreamSettings
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats.wire_format import (
    SSE,
    StreamReader,
    UpstreamCall,
    WireFormat,
)

MAX_MODELS = 1000
LIST_TIMEOUT_S = 3.0
_MAX_LINE_BYTES = 4_000_000
_OK = 200
_MOST_HEADS = 200


class UpstreamProvider:
    """Implements the port Provider for one configured upstream. `clock` is wall time in seconds."""

    def __init__(
        self,
        settings: UpstreamSettings,
        wire_format: WireFormat,
        http: UpstreamHttp,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._format = wire_format
        self._http = http
        self._clock = clock
        self._heads: dict[tuple[str, str], bytes] = {}

    @property
    def name(self) -> str:
        """Return the configured name."""
        return self._settings.name

    def unsupported(self, _request: ChatRequest) -> str | None:
        """Return None: the wire format refuses what it cannot say, the upstream what it cannot do."""
        return None

    async def complete(self, model: str, request: ChatRequest) -> ChatAnswer:
        """Return the upstream's answer in OpenAI's shape; what it adds to that shape is kept."""
        with await self._open(self._format.chat(model, request, stream=False), model) as answer:
            return self._format.answer(await answer.read(), model)

    async def stream(self, model: str, request: ChatRequest) -> AsyncIterator[Sequence[Chunk]]:
        """Yield the upstream's chunks, those that arrived together in one sequence."""
        call = self._format.chat(model, request, stream=True)
        with await self._open(call, f"{model}, streamed") as answer:
            if answer.content_type != self._format.stream_type:
                raise self._nonsense(f"a stream of type {answer.content_type[:80] or 'none'}")
            reader = self._format.stream(model)
            cut = EventSplitter().feed if self._format.stream_type == SSE else _Lines().feed
            piece = b" "
            while piece and not reader.ended:
                piece = await answer.piece()
                try:
                    events = cut(piece)
                except SseTooLargeError as error:
                    raise self._nonsense("an event without end") from error
                chunks, failure = _read(reader, events)
                if chunks:
                    yield chunks
                if failure is not None:
                    raise failure
            answer.over = reader.ended

    async def embed(self, model: str, request: EmbeddingRequest) -> dict[str, Any]:
        """Return the upstream's embeddings."""
        with await self._open(self._format.embeddings(model, request), model) as answer:
            return self._format.embeddings_answer(await answer.read(), model, request)

    async def list_models(self) -> tuple[str, ...]:
        """Return the ids of the models it lists for free, at most 1000; none where it lists none."""
        call = self._format.list_models()
        if call is None:
            return ()
        async with asyncio.timeout(LIST_TIMEOUT_S):
            with await self._open(call, "models") as answer:
                return tuple(self._format.models(await answer.read()))[:MAX_MODELS]

    def retire(self) -> None:
        """Keep no connection any more: calls under way end as they would, then theirs is closed too."""
        self._http.retire()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _open(self, call: UpstreamCall, kind: str) -> UpstreamAnswer:
        """Return the upstream's answer once its head is there and it is 200; ProviderFailure otherwise."""
        problem = self._settings.problem
        if problem is not None:
            raise ProviderFailure("auth", f"The provider {self.name} cannot be used: {problem}.")
        answer = await self._http.open(self._head(call), call, kind)
        if answer.status == _OK:
            return answer
        with answer:
            body = self._without_key(await answer.error_body())
            raise self._format.failure(answer.status, answer.headers, body, self._clock())

    def _without_key(self, body: bytes) -> bytes:
        """Return an error's body without our own key, which some upstreams repeat."""
        key = self._settings.key.encode()
        return body.replace(key, b"***") if key else body

    def _head(self, call: UpstreamCall) -> bytes:
        """Return the head for `call`; kept, since a provider is asked at a handful of paths."""
        if call.headers:
            return self._http.head(
                call.method, call.path, {**self._format.headers(self._settings.key), **call.headers}
            )
        head = self._heads.get((call.method, call.path))
        if head is None:
            head = self._http.head(call.method, call.path, self._format.headers(self._settings.key))
            if len(self._heads) < _MOST_HEADS:
                self._heads[call.method, call.path] = head
        return head

    def _nonsense(self, what: str) -> ProviderFailure:
        return ProviderFailure("unavailable", f"The provider {self.name} answered with {what}.")


def _read(
    reader: StreamReader, events: Sequence[tuple[bytes, str, str | None]]
) -> tuple[list[Chunk], ProviderFailure | None]:
    """Return the chunks of `events`, and the failure that one of them is: what came before it counts."""
    chunks: list[Chunk] = []
    try:
        for data, kind, _ in events:
            chunks += reader.read(data, kind)
            if reader.ended:
                break
    except ProviderFailure as failure:
        return chunks, failure
    return chunks, None


class _Lines:
    """Cuts newline-delimited JSON into lines, as EventSplitter cuts events."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[bytes, str, str | None]]:
        """Return each line that `data` completes; SseTooLargeError for one without end.

        No data is the end of all, and the end of the last line.
        """
        *lines, self._rest = (self._rest + (data or b"\n")).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            raise SseTooLargeError("a line has no end")
        return [(line, "", None) for line in lines if line.strip()]

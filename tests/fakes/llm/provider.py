"""Implements the model gateway's port Provider from memory."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk, answer_of, chunk_of
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.wire import Usage


class FakeProvider:
    """Says `words`; raises `failure` first where one is set, or after `fail_after` words of a stream."""

    def __init__(
        self,
        name: str = "fake",
        words: Sequence[str] = ("hello", " world"),
        *,
        failure: ProviderFailure | None = None,
        fail_after: int | None = None,
        cannot: str | None = None,
    ) -> None:
        self.name = name
        self.words = words
        self.failure = failure
        self.fail_after = fail_after
        self.cannot = cannot
        self.asked: list[str] = []
        self.closed = 0

    def unsupported(self, request: ChatRequest) -> str | None:
        return self.cannot

    async def complete(self, model: str, request: ChatRequest) -> ChatAnswer:
        self.asked.append(model)
        if self.failure is not None:
            raise self.failure
        text = "".join(self.words)
        return answer_of(
            wire.completion("c1", 1, model, text, finish_reason="stop", usage=Usage(3, len(self.words)))
        )

    async def stream(self, model: str, request: ChatRequest) -> AsyncIterator[Sequence[Chunk]]:
        self.asked.append(model)
        try:
            if self.failure is not None and self.fail_after is None:
                raise self.failure
            yield [chunk_of(wire.chunk("c1", 1, model, {"role": "assistant", "content": ""}))]
            for number, word in enumerate(self.words):
                if number == self.fail_after:
                    if self.failure is not None:
                        raise self.failure
                    return
                yield [chunk_of(wire.chunk("c1", 1, model, {"content": word}))]
            yield [chunk_of(wire.chunk("c1", 1, model, {}, "stop"))]
            yield [chunk_of(wire.usage_chunk("c1", 1, model, Usage(3, len(self.words))))]
        finally:
            self.closed += 1

    async def embed(self, model: str, request: EmbeddingRequest) -> dict[str, Any]:
        self.asked.append(model)
        if self.failure is not None:
            raise self.failure
        data = [
            {"object": "embedding", "index": n, "embedding": [1.0, 0.0]}
            for n in range(len(request.texts or ()))
        ]
        return {
            "object": "list",
            "data": data,
            "model": model,
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }

    async def list_models(self) -> tuple[str, ...]:
        if self.failure is not None:
            raise self.failure
        return ("gpt-4o-mini",)

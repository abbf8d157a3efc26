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


class FakeUsageLog:
    """Implements the port UsageLog in memory; `calls` holds what was recorded."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def record(self, call: Any) -> None:
        self.calls.append(call)

    async def summary(self, tenant: str, since: float, until: float) -> list[dict[str, Any]]:
        """Group as the database does."""
        groups: dict[tuple[str, str, str], dict[str, Any]] = {}
        for call in self.calls:
            if call.tenant != tenant or not since <= call.at < until:
                continue
            key = (call.provider, call.model, call.operation)
            row = groups.setdefault(
                key, {"provider": key[0], "model": key[1], "operation": key[2], **dict.fromkeys(_SUMMED, 0)}
            )
            row["calls"] += 1
            row["prompt_tokens"] += call.usage.prompt
            row["completion_tokens"] += call.usage.completion
            row["cached_tokens"] += call.usage.cached
            row["reasoning_tokens"] += call.usage.reasoning
            row["cost_pico_usd"] += int((call.cost_usd or 0) * 10**12)
            row["unpriced_calls"] += call.cost_usd is None
            row["estimated_calls"] += call.usage.estimated
            row["failed_calls"] += call.outcome != "ok"
        return sorted(groups.values(), key=lambda row: (-row["cost_pico_usd"], row["provider"], row["model"]))


_SUMMED = (
    "calls", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost_pico_usd",
    "unpriced_calls", "estimated_calls", "failed_calls",
)  # fmt: skip

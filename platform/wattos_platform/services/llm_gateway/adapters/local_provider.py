"""The provider `local`: the extractive model and the local embeddings; no network, no key, no cost."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from wattos_platform.kernel.resilience.degrade import Degradation
from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk, answer_of, chunk_of
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.extractive.answer import (
    Answer,
    compose,
    shortlist,
    with_meaning,
)
from wattos_platform.services.llm_gateway.domain.extractive.ranking import Reading, read
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import EXTRACTIVE, LOCAL, MINILM
from wattos_platform.services.llm_gateway.domain.tokens import estimate, estimate_prompt
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.ports import Embedder, Embeddings

MEANING_TIMEOUT_S = 3.0
_INLINE_CHARS = 16_000  # more text than this is read in a thread, so that the loop stays free


class LocalProvider:
    """Answers with sentences of the passages in the request; `embedder` is None where none is installed."""

    name = LOCAL

    def __init__(
        self,
        embedder: Embedder | None,
        *,
        new_id: Callable[[], str],
        clock: Callable[[], float],
        vectors: Degradation,
    ) -> None:
        self._embedder = embedder
        self._new_id = new_id
        self._clock = clock
        self._vectors = vectors

    def unsupported(self, request: ChatRequest) -> str | None:
        """Return what an extractive model cannot do: several answers, forced tools, JSON, pictures."""
        body = request.body
        if (body.get("n") or 1) > 1:
            return "n"
        if body.get("tools") and body.get("tool_choice") not in (None, "auto", "none"):
            return "tool_choice"
        if (body.get("response_format") or {"type": "text"})["type"] != "text":
            return "response_format"
        for number, message in enumerate(request.messages):
            content = message.get("content")
            if isinstance(content, list) and any(part["type"] != "text" for part in content):
                return f"messages[{number}].content"
        return None

    async def complete(self, model: str, request: ChatRequest) -> ChatAnswer:
        """Return the answer in one piece."""
        answer, deltas, finish_reason = await self._answer(model, request)
        text = "".join(deltas)
        body = wire.completion(
            f"chatcmpl-{self._new_id()}",
            int(self._clock()),
            EXTRACTIVE,
            text,
            finish_reason=finish_reason,
            usage=_usage(request, text),
            wattos_answer=answer.outcome,
            wattos_citations=answer.citations,
        )
        return answer_of(body)

    async def stream(self, model: str, request: ChatRequest) -> AsyncIterator[Sequence[Chunk]]:
        """Yield the answer word by word; the last chunk with a choice bears the citations."""
        answer, deltas, finish_reason = await self._answer(model, request)
        head = (f"chatcmpl-{self._new_id()}", int(self._clock()), EXTRACTIVE)
        yield [chunk_of(wire.chunk(*head, {"role": "assistant", "content": ""}))]
        for delta in deltas:
            yield [chunk_of(wire.chunk(*head, {"content": delta}))]
            await asyncio.sleep(0)
        end = wire.chunk(
            *head, {}, finish_reason, wattos_answer=answer.outcome, wattos_citations=answer.citations
        )
        usage = wire.usage_chunk(*head, _usage(request, "".join(deltas)))
        yield [chunk_of(end), chunk_of(usage)]

    async def embed(self, model: str, _request: EmbeddingRequest) -> dict[str, Any]:
        """Return nothing: vectors are answered by the embedder itself."""
        raise ProviderFailure("unsupported", f"{model} is asked through the embedder.")

    async def list_models(self) -> tuple[str, ...]:
        """Return what is built in."""
        return (EXTRACTIVE, MINILM) if self._embedder is not None else (EXTRACTIVE,)

    async def _answer(self, model: str, request: ChatRequest) -> tuple[Answer, list[str], str]:
        if model != EXTRACTIVE:
            raise ProviderFailure(
                "model_missing", f"The provider local has no chat model {model[:80]!r}.", status=404
            )
        questions = request.questions()
        question = questions[-1] if questions else ""
        earlier = questions[-2] if len(questions) > 1 else ""
        size = sum(len(passage.text) for passage in request.passages)
        if size > _INLINE_CHARS:
            reading = await asyncio.to_thread(read, question, request.passages, earlier)
        else:
            reading = read(question, request.passages, earlier)
        reading = with_meaning(reading, await self._similarities(question, reading))
        answer = compose(question, request.passages, reading)
        deltas = list(answer.deltas())
        kept = _within(deltas, request.max_tokens)
        return answer, kept, "stop" if len(kept) == len(deltas) else "length"

    async def _similarities(self, question: str, reading: Reading) -> dict[int, float]:
        """Return how near the likeliest units are to the question; nothing where vectors are not at hand."""
        if self._embedder is None or not reading.candidates or not question.strip():
            return {}
        wanted = shortlist(reading)
        texts = [question]
        for number in wanted:
            texts += [reading.candidates[number].meaning_text, reading.candidates[number].unit.text]
        found = None
        with self._vectors.without():
            async with asyncio.timeout(MEANING_TIMEOUT_S):
                found = await self._embedder.embed(texts)
        if found is None:
            return {}
        asked = found.row(0)
        near = [_dot(asked, found, number) for number in range(1, len(texts))]
        return {number: max(near[2 * at], near[2 * at + 1]) for at, number in enumerate(wanted)}


def _dot(asked: "array[float]", found: Embeddings, number: int) -> float:
    return sum(a * b for a, b in zip(asked, found.row(number), strict=True))


def _usage(request: ChatRequest, text: str) -> Usage:
    """Count by the estimator: it is the definition of this model's tokens, so nothing is guessed."""
    passages = [passage.text for passage in request.passages]
    return Usage(estimate_prompt(request.messages, passages), estimate(text))


def _within(deltas: Sequence[str], limit: int | None) -> list[str]:
    if limit is None:
        return list(deltas)
    text = ""
    for number, delta in enumerate(deltas):
        text += delta
        if estimate(text) > limit:
            return list(deltas[:number])
    return list(deltas)

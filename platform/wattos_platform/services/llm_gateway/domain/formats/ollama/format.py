"""The wire format of Ollama's native API."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import (
    ProviderFailure,
    asked_wait_s,
    callers_fault,
    fault_of_status,
    nonsense,
    providers_fault,
)
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded, error_body
from wattos_platform.services.llm_gateway.domain.formats.honour import cannot
from wattos_platform.services.llm_gateway.domain.formats.ollama.answer import (
    calls_of,
    finish_reason,
    logprobs_of,
    replies,
)
from wattos_platform.services.llm_gateway.domain.formats.ollama.request import body_of
from wattos_platform.services.llm_gateway.domain.formats.ollama.stream import OllamaStream
from wattos_platform.services.llm_gateway.domain.formats.wire_format import NDJSON, UpstreamCall

_encode = msgspec.json.Encoder().encode
# No code tells these apart from other mistakes, only the wording.
_TOO_LONG = re.compile(r"context length", re.IGNORECASE)
_INCAPABLE = re.compile(r"does not support (tools|thinking|vision)")
_FIELD_OF = {"tools": "tools", "thinking": "reasoning_effort", "vision": "messages"}


class _Listed(msgspec.Struct):
    name: str


class _Listing(msgspec.Struct):
    models: list[_Listed]


class _Vectors(msgspec.Struct):
    embeddings: list[list[float]]
    prompt_eval_count: int = 0


_listings = msgspec.json.Decoder(_Listing)
_vectors = msgspec.json.Decoder(_Vectors)


class OllamaFormat:
    """Implements WireFormat; `provider` is the configured name."""

    stream_type = NDJSON

    def __init__(self, provider: str, stamps: shapes.Stamps) -> None:
        self._provider = provider
        self._stamps = stamps

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the bearer token that Ollama's cloud wants; a server of one's own asks for none."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def chat(self, model: str, request: ChatRequest, *, stream: bool) -> UpstreamCall:
        """Return POST /api/chat."""
        return UpstreamCall("/api/chat", _encode(body_of(model, request, stream=stream)))

    def answer(self, raw: bytes, model: str) -> ChatAnswer:
        """Return a whole answer as a chat completion."""
        reply = decoded(replies, raw, self._provider, "an answer")
        if reply.error:
            raise nonsense(self._provider, "an error with status 200")
        if reply.message is None:
            raise nonsense(self._provider, "an answer without a message")
        calls = calls_of(reply.message, self._stamps)
        message = shapes.message(reply.message.content, tool_calls=calls, reasoning=reply.message.thinking)
        reason = finish_reason(reply.done_reason, called=bool(calls))
        choice = shapes.choice(message, reason, logprobs=logprobs_of(reply))
        return reply.head(model, self._stamps).answer([choice], reply.usage())

    def stream(self, model: str) -> OllamaStream:
        """Return a reader of its lines."""
        return OllamaStream(self._provider, model, self._stamps)

    def embeddings(self, model: str, request: EmbeddingRequest) -> UpstreamCall:
        """Return POST /api/embed; ProviderFailure `unsupported` for token ids, which are another model's."""
        if request.texts is None:
            raise cannot(model, "input")
        body: dict[str, Any] = {"model": model, "input": list(request.texts)}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        return UpstreamCall("/api/embed", _encode(body))

    def embeddings_answer(self, raw: bytes, model: str, request: EmbeddingRequest) -> dict[str, Any]:
        """Return the vectors in OpenAI's shape; ProviderFailure unless there is one per text."""
        found = decoded(_vectors, raw, self._provider, "embeddings")
        if len(found.embeddings) != len(request.texts or ()):
            raise nonsense(self._provider, "another number of embeddings than were asked for")
        return shapes.embeddings(found.embeddings, model, request, found.prompt_eval_count)

    def list_models(self) -> UpstreamCall:
        """Return GET /api/tags."""
        return UpstreamCall("/api/tags", method="GET")

    def models(self, raw: bytes) -> Sequence[str]:
        """Return the names of the models that were pulled."""
        return [each.name for each in decoded(_listings, raw, self._provider, "a list of models").models]

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> ProviderFailure:
        """Return what an answer with an error status means; what a model cannot do, another one may."""
        found = error_body(body)
        error = found.get("error") if isinstance(found, dict) else None
        text = error if isinstance(error, str) else ""
        fault = fault_of_status(status)
        if fault != "caller":
            return providers_fault(self._provider, fault, status, retry_after_s=asked_wait_s(headers, now))
        incapable = _INCAPABLE.search(text)
        if incapable is not None:
            return cannot("The model", _FIELD_OF[incapable[1]])
        if _TOO_LONG.search(text):
            return callers_fault(
                self._provider, status, text, code="context_length_exceeded", param="messages"
            )
        return callers_fault(self._provider, status, text)

"""The wire format of Google's Gemini API."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure, nonsense
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded, error_body
from wattos_platform.services.llm_gateway.domain.formats.google import embeddings, errors
from wattos_platform.services.llm_gateway.domain.formats.google.answer import (
    Candidate,
    Reply,
    finish_reason,
    refusal,
    said,
)
from wattos_platform.services.llm_gateway.domain.formats.google.request import body_of
from wattos_platform.services.llm_gateway.domain.formats.google.stream import GoogleStream
from wattos_platform.services.llm_gateway.domain.formats.wire_format import SSE, UpstreamCall

_MOST_MODELS = 1000
_PREFIX = "models/"
_METHODS = frozenset({"generateContent", "embedContent", "batchEmbedContents"})
_encode = msgspec.json.Encoder().encode
_replies = msgspec.json.Decoder(Reply)


class _Listed(msgspec.Struct, rename="camel"):
    name: str
    supported_generation_methods: list[str] | None = None


class _Listing(msgspec.Struct):
    models: list[_Listed] = []


_listings = msgspec.json.Decoder(_Listing)


class GoogleFormat:
    """Implements WireFormat; `provider` is the configured name."""

    stream_type = SSE

    def __init__(self, provider: str, stamps: shapes.Stamps) -> None:
        self._provider = provider
        self._stamps = stamps

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the key as a header: in an address it would be written into logs."""
        return {"x-goog-api-key": key} if key else {}

    def chat(self, model: str, request: ChatRequest, *, stream: bool) -> UpstreamCall:
        """Return the call of generateContent, or of its streaming twin."""
        name = _bare(model)
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return UpstreamCall(_path(name, method), _encode(body_of(name, request, stream=stream)))

    def answer(self, raw: bytes, model: str) -> ChatAnswer:
        """Return a whole answer; a blocked prompt is an answer that the filter ended."""
        reply = decoded(_replies, raw, self._provider, "an answer")
        if reply.error:
            raise self._told(reply.error)
        head = self._stamps.head(reply.model_version or model, reply.response_id or "")
        usage = reply.usage_metadata.usage() if reply.usage_metadata else None
        blocked = refusal(reply.prompt_feedback)
        if blocked is not None:
            return head.answer([shapes.choice(shapes.message("", refusal=blocked), "content_filter")], usage)
        if not reply.candidates:
            raise nonsense(self._provider, "an answer without candidates")
        return head.answer([self._choice(at, each) for at, each in enumerate(reply.candidates)], usage)

    def stream(self, model: str) -> GoogleStream:
        """Return a reader of its events."""
        return GoogleStream(self._provider, model, self._stamps, self._told)

    def embeddings(self, model: str, request: EmbeddingRequest) -> UpstreamCall:
        """Return the call of batchEmbedContents."""
        name = _bare(model)
        body = _encode(embeddings.body_of(name, request))
        return UpstreamCall(_path(name, "batchEmbedContents"), body)

    def embeddings_answer(self, raw: bytes, model: str, request: EmbeddingRequest) -> dict[str, Any]:
        """Return the vectors in OpenAI's shape."""
        return embeddings.answer_of(self._provider, raw, model, request)

    def list_models(self) -> UpstreamCall:
        """Return the call that lists models."""
        return UpstreamCall(f"/v1beta/models?pageSize={_MOST_MODELS}", method="GET")

    def models(self, raw: bytes) -> Sequence[str]:
        """Return the names of the models that answer or embed, without their prefix."""
        listed = decoded(_listings, raw, self._provider, "a list of models").models
        return [
            _bare(each.name)
            for each in listed
            if _METHODS & {*(each.supported_generation_methods or _METHODS)}
        ]

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> ProviderFailure:
        """Return what an answer with an error status means; some come as a list of one."""
        found = error_body(body)
        if isinstance(found, list) and found:
            found = found[0]
        error = found.get("error") if isinstance(found, dict) else None
        return errors.failure_of(self._provider, status, headers, error, now)

    def _choice(self, at: int, candidate: Candidate) -> dict[str, Any]:
        found = said(candidate, self._stamps)
        reason = finish_reason(self._provider, candidate.finish_reason, called=bool(found.calls))
        message = shapes.message(found.text, tool_calls=found.calls, reasoning=found.thoughts)
        return shapes.choice(message, reason, at if candidate.index is None else candidate.index)

    def _told(self, error: Any) -> ProviderFailure:
        return errors.failure_of(self._provider, errors.status_of(error), {}, error, 0.0)


def _bare(model: str) -> str:
    return model.removeprefix(_PREFIX)


def _path(model: str, method: str) -> str:
    return f"/v1beta/models/{quote(model, safe='')}:{method}"

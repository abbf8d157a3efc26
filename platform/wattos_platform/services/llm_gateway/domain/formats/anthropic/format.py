"""The wire format of Anthropic's Messages API."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure, nonsense
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.formats.anthropic import errors
from wattos_platform.services.llm_gateway.domain.formats.anthropic.answer import (
    Reply,
    finish_reason,
    message_of,
)
from wattos_platform.services.llm_gateway.domain.formats.anthropic.native import native_body
from wattos_platform.services.llm_gateway.domain.formats.anthropic.request import body_of
from wattos_platform.services.llm_gateway.domain.formats.anthropic.stream import AnthropicStream
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded, error_body
from wattos_platform.services.llm_gateway.domain.formats.honour import cannot
from wattos_platform.services.llm_gateway.domain.formats.wire_format import SSE, UpstreamCall

# Still served, and the last one that lets a caller choose a temperature where the model does.
API_VERSION = "2023-06-01"
_MOST_MODELS = 1000
_encode = msgspec.json.Encoder().encode
_replies = msgspec.json.Decoder(Reply)


class _Listed(msgspec.Struct):
    id: str


class _Listing(msgspec.Struct):
    data: list[_Listed]


_listings = msgspec.json.Decoder(_Listing)


class AnthropicFormat:
    """Implements WireFormat; `provider` is the configured name, `api_version` the header's date."""

    stream_type = SSE

    def __init__(self, provider: str, stamps: shapes.Stamps, api_version: str = API_VERSION) -> None:
        self._provider = provider
        self._stamps = stamps
        self._version = api_version or API_VERSION

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the key and the API's version."""
        version = {"anthropic-version": self._version}
        return {"x-api-key": key, **version} if key else version

    def chat(self, model: str, request: ChatRequest, *, stream: bool) -> UpstreamCall:
        """Return POST /v1/messages, in the caller's own words where they were Anthropic's."""
        body = native_body(model, request, stream=stream, api_version=self._version)
        if body is None:
            body = body_of(model, request, stream=stream, api_version=self._version)
        return UpstreamCall("/v1/messages", _encode(body))

    def answer(self, raw: bytes, model: str) -> ChatAnswer:
        """Return a message as a chat completion; ProviderFailure for an error with status 200."""
        reply = decoded(_replies, raw, self._provider, "an answer")
        if reply.type == "error":
            raise self._told(reply.error)
        if reply.type != "message":
            raise nonsense(self._provider, "an answer of another shape")
        if reply.content is None:
            raise nonsense(self._provider, "an answer without content")
        head = self._stamps.head(reply.model or model, reply.id)
        usage = reply.usage.usage() if reply.usage else None
        ended: dict[str, Any] = {} if reply.stop_sequence is None else {"stop_reason": reply.stop_sequence}
        told = shapes.choice(message_of(reply), finish_reason(reply.stop_reason), **ended)
        return head.answer([told], usage)

    def stream(self, model: str) -> AnthropicStream:
        """Return a reader of its events, which end with `message_stop`."""
        return AnthropicStream(self._provider, model, self._stamps, self._told)

    def embeddings(self, model: str, request: EmbeddingRequest) -> UpstreamCall:  # noqa: ARG002 - nothing to say
        """Raise ProviderFailure: Anthropic has no embeddings."""
        raise cannot(model, "input")

    def embeddings_answer(self, raw: bytes, model: str, request: EmbeddingRequest) -> dict[str, Any]:  # noqa: ARG002 - same
        """Raise ProviderFailure: Anthropic has no embeddings."""
        raise cannot(model, "input")

    def list_models(self) -> UpstreamCall:
        """Return GET /v1/models."""
        return UpstreamCall(f"/v1/models?limit={_MOST_MODELS}", method="GET")

    def models(self, raw: bytes) -> Sequence[str]:
        """Return the ids in its list."""
        return [model.id for model in decoded(_listings, raw, self._provider, "a list of models").data]

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> ProviderFailure:
        """Return what an answer with an error status means."""
        found = error_body(body)
        error = found.get("error") if isinstance(found, dict) else None
        return errors.failure_of(self._provider, status, headers, error, now)

    def _told(self, error: Any) -> ProviderFailure:
        return errors.failure_of(self._provider, errors.status_of(error), {}, error, 0.0)

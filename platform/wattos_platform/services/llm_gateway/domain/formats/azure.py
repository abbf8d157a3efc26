"""OpenAI's format as Azure serves it: other paths, another header for the key, its own content filter.

Two APIs: `/openai/v1` (the API version `v1`), which names the deployment in the body, and the older one with
a dated version, which names it in the path. Source: Azure OpenAI in Microsoft Foundry Models, REST API
reference and "Content filtering".
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats.openai import (
    OpenAiFormat,
    OpenAiStream,
    chat_body,
)
from wattos_platform.services.llm_gateway.domain.formats.wire_format import UpstreamCall

V1 = "v1"
CONTENT_FILTER = "content_filter"
_POLICY = "ResponsibleAIPolicyViolation"
# The first dated version that takes stream_options; those before it refuse a request that has them.
_TELLS_USAGE_SINCE = "2024-09-01"
_encode = msgspec.json.Encoder().encode


class _Named(msgspec.Struct):
    """An answer or a chunk, of which only the model is read."""

    model: Any = None


_named = msgspec.json.Decoder(_Named)


class AzureFormat(OpenAiFormat):
    """Implements WireFormat. `deployments` maps names of models to those of their deployments.

    A model that it does not hold is taken for the name of a deployment. What a deployment is called says
    nothing of what it costs; the model in the answer does.
    """

    def __init__(
        self, provider: str, api_version: str = V1, deployments: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(provider)
        self._version = api_version or V1
        self._deployments = deployments or {}

    def headers(self, key: str) -> Mapping[str, str]:
        """Return Azure's header for a resource's key."""
        return {"api-key": key} if key else {}

    def chat(self, model: str, request: ChatRequest, *, stream: bool) -> UpstreamCall:
        """Return the caller's request for the model's deployment."""
        deployment = self._deployment(model)
        usage = self._version == V1 or self._version[: len(_TELLS_USAGE_SINCE)] >= _TELLS_USAGE_SINCE
        body = chat_body(deployment, request, stream=stream, ask_usage=usage)
        return UpstreamCall(self._path(deployment, "chat/completions"), body)

    def answer(self, raw: bytes, model: str) -> ChatAnswer:
        """Return the answer as it came, with the model behind the deployment."""
        answer = super().answer(raw, model)
        answer.served = _served(raw)
        return answer

    def stream(self, model: str) -> "AzureStream":  # noqa: ARG002 - the upstream names its model
        """Return a reader of its chunks, which ends at `[DONE]`."""
        return AzureStream(self._provider, self._told)

    def embeddings(self, model: str, request: EmbeddingRequest) -> UpstreamCall:
        """Return the caller's request for the model's deployment."""
        deployment = self._deployment(model)
        body = _encode({**request.body, "model": deployment})
        return UpstreamCall(self._path(deployment, "embeddings"), body)

    def list_models(self) -> UpstreamCall | None:
        """Return None: Azure lists the models that exist, not those that are deployed here."""
        return None

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> ProviderFailure:
        """Return what the status means; a prompt that the content filter refuses is the caller's."""
        failure = super().failure(status, headers, body, now)
        if failure.kind == "caller" and failure.code != CONTENT_FILTER and _POLICY.encode() in body:
            failure.code = CONTENT_FILTER
        return failure

    def _deployment(self, model: str) -> str:
        return self._deployments.get(model, model)

    def _path(self, deployment: str, what: str) -> str:
        if self._version == V1:
            return f"/openai/v1/{what}"
        version = quote(self._version, safe="")
        return f"/openai/deployments/{quote(deployment, safe='')}/{what}?api-version={version}"


class AzureStream(OpenAiStream):
    """Implements StreamReader; the first chunk that names the model behind the deployment tells it."""

    _is_named = False

    def read(self, data: bytes, event: str) -> Sequence[Chunk]:
        """Return the chunk as it came."""
        chunks = super().read(data, event)
        if chunks and not self._is_named:
            chunks[0].served = _served(data)
            self._is_named = bool(chunks[0].served)
        return chunks


def _served(raw: bytes) -> str:
    """Return the model that an answer names; "" for none, as in the chunk that only tells of the filter."""
    model = _named.decode(raw).model
    return model if isinstance(model, str) else ""

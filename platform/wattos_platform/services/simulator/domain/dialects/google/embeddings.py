"""POST /v1beta/models/{model}:embedContent and :batchEmbedContents."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Tokens
from wattos_platform.services.simulator.domain.dialects.google.provider import either
from wattos_platform.services.simulator.domain.dialects.openai.conversation import texts_of
from wattos_platform.services.simulator.domain.requests import (
    Incoming,
    Refusal,
    VectorsRequest,
    mapping,
    mappings,
    positive,
)


class EmbedContent:
    """One text, one vector; the API tells no counts."""

    content = "embedding"

    def asked(self, call: Incoming, /) -> VectorsRequest:
        """Return what the request asks for; Refusal 400 without content."""
        return VectorsRequest(
            call.path["model"], [_text(call.body)], positive(either(call.body, *_DIMENSIONS)), many=False
        )

    def whole(
        self, _asked: VectorsRequest, vectors: list[list[float]], _tokens: Tokens | None, /
    ) -> Mapping[str, Any]:
        """Return one embedding."""
        return {"embedding": {"values": vectors[0]}}


class BatchEmbedContents:
    """Several requests, a vector for each in their order."""

    content = "embeddings"

    def asked(self, call: Incoming, /) -> VectorsRequest:
        """Return what the requests ask for; the first one's dimensions hold for all."""
        requests = mappings(call.body.get("requests"))
        if not requests:
            raise Refusal(400, "* BatchEmbedContentsRequest.requests: requests is not specified\n")
        dimensions = positive(either(requests[0], *_DIMENSIONS))
        return VectorsRequest(call.path["model"], [_text(request) for request in requests], dimensions)

    def whole(
        self, _asked: VectorsRequest, vectors: list[list[float]], _tokens: Tokens | None, /
    ) -> Mapping[str, Any]:
        """Return the embeddings."""
        return {"embeddings": [{"values": vector} for vector in vectors]}


_DIMENSIONS = ("outputDimensionality", "output_dimensionality")


def _text(request: Mapping[str, Any]) -> str:
    parts = mapping(request.get("content")).get("parts")
    if not parts:
        raise Refusal(400, "* EmbedContentRequest.content: content is not specified\n")
    return " ".join(texts_of(parts))

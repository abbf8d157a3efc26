"""Embeddings through batchEmbedContents."""

from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import nonsense
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded
from wattos_platform.services.llm_gateway.domain.formats.google.answer import Counted
from wattos_platform.services.llm_gateway.domain.formats.honour import cannot


class _Vector(msgspec.Struct):
    values: list[float]


class _Vectors(msgspec.Struct, rename="camel"):
    embeddings: list[_Vector]
    usage_metadata: Counted | None = None


_vectors = msgspec.json.Decoder(_Vectors)


def body_of(model: str, request: EmbeddingRequest) -> dict[str, Any]:
    """Return one request per text; ProviderFailure `unsupported` for token ids, which are another model's."""
    if request.texts is None:
        raise cannot(model, "input")
    common: dict[str, Any] = {"model": f"models/{model}"}
    if request.dimensions is not None:
        common["outputDimensionality"] = request.dimensions
    return {"requests": [{**common, "content": {"parts": [{"text": text}]}} for text in request.texts]}


def answer_of(provider: str, raw: bytes, model: str, request: EmbeddingRequest) -> dict[str, Any]:
    """Return the vectors in OpenAI's shape; ProviderFailure unless there is one per text."""
    found = decoded(_vectors, raw, provider, "embeddings")
    if len(found.embeddings) != len(request.texts or ()):
        raise nonsense(provider, "another number of embeddings than were asked for")
    tokens = (found.usage_metadata.prompt_token_count or 0) if found.usage_metadata else 0
    return shapes.embeddings([vector.values for vector in found.embeddings], model, request, tokens)

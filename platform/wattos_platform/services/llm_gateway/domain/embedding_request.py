"""An embeddings request as its sender meant it, or the refusal that names the wrong field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wattos_platform.services.llm_gateway.domain.chat_request import model_of
from wattos_platform.services.llm_gateway.domain.refusals import missing, wrong

MOST_INPUTS = 2048


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """`texts` is None where the caller sent token ids, which only a provider's own model can read."""

    body: Mapping[str, Any]
    model: str
    texts: Sequence[str] | None
    encoding: Literal["float", "base64"]
    dimensions: int | None


def parse_embedding(body: Any) -> EmbeddingRequest:
    """Return `body` (decoded JSON) as a request; Refusal 400 that names the first wrong field."""
    if not isinstance(body, dict):
        raise wrong("body", "must be a JSON object")
    model = model_of(body)
    encoding = body.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise wrong("encoding_format", "must be float or base64")
    dimensions = body.get("dimensions")
    if dimensions is not None and (
        isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions < 1
    ):
        raise wrong("dimensions", "must be a whole number of at least 1")
    return EmbeddingRequest(body, model, _texts(body.get("input")), encoding, dimensions)


def _texts(given: Any) -> list[str] | None:
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list) or not 0 < len(given) <= MOST_INPUTS:
        raise wrong("input", f"must be text or a list of 1 to {MOST_INPUTS} texts")
    if all(isinstance(item, int) and not isinstance(item, bool) for item in given):
        return None
    if all(isinstance(item, list) for item in given):
        return None
    for number, item in enumerate(given):
        if not isinstance(item, str) or not item:
            raise wrong(f"input[{number}]", "must be a text that is not empty")
    return given

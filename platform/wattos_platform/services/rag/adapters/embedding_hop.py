"""Embeddings by way of the model gateway: rag holds no model."""

import base64
import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops.ports import HopClient
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded
from wattos_platform.services.rag.ports import Embeddings, EmbeddingsDownError, EmbeddingsMissingError

MISSING_CODE = "embeddings_not_installed"
# While the model is missing every call would be a 503 that counts against the gateway's breaker.
RECHECK_MISSING_S = 60.0
RECHECK_DOWN_S = 5.0
_THEIR_FAULT = 500


class HopEmbedder:
    """An Embedder over `hops.to("llm-gateway")`; remembers for a while that the model is missing or down."""

    def __init__(self, hop: HopClient, monotonic: Callable[[], float]) -> None:
        self._hop = hop
        self._monotonic = monotonic
        self._missing = False
        self._asked = False
        self._ask_again_at = -math.inf

    def available(self) -> bool:
        """See Embedder."""
        return self._monotonic() >= self._ask_again_at

    def is_down(self) -> bool:
        """See Embedder."""
        return not self._missing and not self.available()

    async def embed(self, texts: Sequence[str], model: str, *, timeout_s: float) -> Embeddings:
        """See Embedder; asks nobody while the model is known to be missing."""
        if self._missing and not self.available():
            raise EmbeddingsMissingError
        body = {"model": model, "input": list(texts), "encoding_format": "base64"}
        try:
            answer = await self._hop.json("POST", "/v1/embeddings", body, timeout_s=timeout_s)
            made = _embeddings(answer, len(texts))
        except ServiceError as error:
            if error.code == MISSING_CODE:
                self._set(missing=True, wait_s=RECHECK_MISSING_S)
                raise EmbeddingsMissingError from error
            if error.status < _THEIR_FAULT or isinstance(error, DeadlineExceeded):
                # A limit or the request's own time: the model may well be there for the next one.
                raise EmbeddingsDownError(error.message) from error
            self._down(error)
        except (OSError, TimeoutError, KeyError, TypeError, ValueError) as error:
            self._down(error)
        self._set(missing=False, wait_s=0)
        return made

    def _down(self, error: Exception) -> NoReturn:
        # A gateway that cannot be asked does not make an absent model a degraded one.
        self._set(missing=self._missing, wait_s=RECHECK_DOWN_S)
        if self._missing:
            raise EmbeddingsMissingError from error
        raise EmbeddingsDownError(str(error) or type(error).__name__) from error

    def retrieval(self) -> str:
        """Return how searches work, for people: `hybrid`, `bm25` without a model, `not asked yet`."""
        if not self._asked:
            return "not asked yet"
        return "bm25" if self._missing else "hybrid"

    def _set(self, *, missing: bool, wait_s: float) -> None:
        self._missing = missing
        self._asked = True
        self._ask_again_at = self._monotonic() + wait_s


def _embeddings(answer: Any, count: int) -> Embeddings:
    """Return the vectors of an OpenAI-shaped answer; ValueError or TypeError if it is not one."""
    rows = sorted(answer["data"], key=lambda item: int(item["index"]))
    vectors = [_unit(row["embedding"]) for row in rows]
    sizes = {len(vector) for vector in vectors}
    if len(vectors) != count or len(sizes) != 1:
        raise ValueError(
            f"{count} texts were embedded as {len(vectors)} vectors of {sorted(sizes)} dimensions"
        )
    return Embeddings(sizes.pop(), [vector.tobytes() for vector in vectors])


def _unit(value: Any) -> "array[float]":
    numbers = array("f", base64.b64decode(value)) if isinstance(value, str) else array("f", value)
    length = math.sqrt(math.fsum(number * number for number in numbers))
    if not length or not math.isfinite(length):
        raise ValueError("an embedding without length")
    return array("f", (number / length for number in numbers))

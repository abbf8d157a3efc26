"""What the service needs from outside, and how it may fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wattos_platform.kernel.personal_data import Kind
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.prepared import Prepared
from wattos_platform.services.rag.domain.records import Space


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of length 1 (L2), each `dimension` little-endian float32."""

    dimension: int
    vectors: list[bytes]


class DocumentRefusedError(Exception):
    """The document cannot be taken in; the message is the reason its owner is shown."""


class EmbeddingsMissingError(Exception):
    """No embedding model is installed: retrieval is BM25 alone, which is a mode, not a failure."""


class EmbeddingsDownError(Exception):
    """The embedding model cannot be reached now; trying again later may help."""


class VectorsUnusableError(Exception):
    """The vectors that are stored cannot be searched with this question's, or not be read now."""


class Embedder(Protocol):
    """Turns texts into vectors of one model."""

    def available(self) -> bool:
        """Return False while the model is known to be missing or down: asking now would be in vain."""
        ...

    def is_down(self) -> bool:
        """Return True while the model is known to be there and not to answer."""
        ...

    async def embed(self, texts: Sequence[str], model: str, *, timeout_s: float) -> Embeddings:
        """Return one vector per text.

        EmbeddingsMissingError, EmbeddingsDownError.
        """
        ...


class Preparer(Protocol):
    """Reads a document and cuts it, away from the event loop."""

    async def prepare(self, path: Path, media: str, chunking: Chunking, redact: Sequence[Kind]) -> Prepared:
        """Return the document's text and chunks; DocumentRefusedError with the reason if that fails."""
        ...


class VectorIndex(Protocol):
    """Cosines of the chunks of a space."""

    async def search(
        self, space: Space, query: bytes, count: int, allowed: Sequence[int] | None, also: Sequence[int]
    ) -> dict[int, float]:
        """Return chunk key -> cosine of the `count` nearest among the keys `allowed`, and of `also`.

        Chunks without a vector are left out. VectorsUnusableError if `query` has another dimension than the
        space, or if there is no room for the vectors.
        """
        ...


class VectorPages(Protocol):
    """The stored vectors of a space, page by page."""

    async def keys(self, space: Space) -> list[int]:
        """Return the chunks that may be found by vector, in ascending order."""
        ...

    async def page(self, space: Space, after: int) -> list[tuple[int, bytes]]:
        """Return some (chunk key, vector) with keys greater than `after`, ascending; none at the end."""
        ...

"""What the service needs from outside, and how it may fail."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.prepared import Prepared
from wattos_platform.services.rag.domain.redaction import Kind

Matrix = NDArray[np.float32]


class DocumentRefusedError(Exception):
    """The document cannot be taken in; the message is the reason its owner is shown."""


class EmbeddingsMissingError(Exception):
    """No embedding model is installed: retrieval is BM25 alone, which is a mode, not a failure."""


class EmbeddingsDownError(Exception):
    """The embedding model cannot be reached now; trying again later may help."""


class Embedder(Protocol):
    """Turns texts into vectors of one model."""

    async def embed(self, texts: Sequence[str], model: str, *, timeout_s: float) -> Matrix:
        """Return one row of length 1 (L2) per text.

        EmbeddingsMissingError, EmbeddingsDownError.
        """
        ...


class Preparer(Protocol):
    """Reads a document and cuts it, away from the event loop."""

    async def prepare(self, path: Path, media: str, chunking: Chunking, redact: Sequence[Kind]) -> Prepared:
        """Return the document's text and chunks; DocumentRefusedError with the reason if that fails."""
        ...

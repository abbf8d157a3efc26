"""What rag needs of the world: a place for spaces, documents and work, a reader of files, a model."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wattos_platform.kernel.personal_data import Kind
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.prepared import Prepared
from wattos_platform.services.rag.domain.records import (
    Caller,
    Document,
    Filters,
    Job,
    Space,
    StoredPassage,
    Upload,
)


class SpaceExistsError(Exception):
    """The tenant has a space of this name."""


class TooManySpacesError(Exception):
    """The tenant has as many spaces as one may have."""


class SpaceGoneError(Exception):
    """The space was removed while the document was on its way."""


class TooManyDocumentsError(Exception):
    """The space has as many documents as one may have."""


class UploadRefusedError(Exception):
    """The body is not the one file that was asked for; the message says why."""


class DocumentRefusedError(Exception):
    """The document cannot be taken in; the message is the reason its owner is shown."""


class LeaseLostError(Exception):
    """Another process has this job now, or its document is gone: nothing more may be written for it."""


class MixedEmbeddingsError(Exception):
    """The vectors offered are of another model or dimension than the space's; the message says which."""


class EmbeddingsMissingError(Exception):
    """No embedding model is installed: retrieval is BM25 alone, which is a mode, not a failure."""


class EmbeddingsDownError(Exception):
    """The embedding model cannot be reached now; trying again later may help."""


class VectorsUnusableError(Exception):
    """The vectors that are stored cannot be searched with this question's, or not be read now."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of length 1 (L2), each `dimension` little-endian float32."""

    dimension: int
    vectors: list[bytes]


class SpaceStore(Protocol):
    """Spaces of all tenants; what a caller asks for bears its tenant."""

    async def add(self, space: Space) -> Space:
        """Store `space` and return it with its key; SpaceExistsError, TooManySpacesError."""

    async def get(self, tenant: str, space_id: str) -> Space | None:
        """Return the tenant's space, None if it has no such."""

    async def of(self, document: Document) -> Space:
        """Return the document's space, of whichever tenant: for background work on a stored document."""

    async def page(self, tenant: str, after: str, limit: int) -> list[Space]:
        """Return up to `limit` spaces of the tenant whose id comes after `after`, oldest first."""

    async def remove(self, space: Space, caller: Caller) -> None:
        """Make the space and its documents unseen at once; a job removes what is stored of them."""


class DocumentStore(Protocol):
    """Documents of all tenants, as callers see them."""

    async def add(self, document: Document) -> tuple[Document, bool]:
        """Queue `document` and return it with True, or the one it repeats with False.

        It repeats the newest of its name when the content is the same and that one did not fail; a failed one
        is removed. TooManyDocumentsError, SpaceGoneError.
        """

    async def get(self, tenant: str, document_id: str) -> Document | None:
        """Return the tenant's document, None if it has no such."""

    async def page(self, space: Space, after: str, limit: int) -> list[Document]:
        """Return up to `limit` documents of the space whose id comes after `after`, oldest first."""

    async def text(self, document: Document) -> str | None:
        """Return the stored text, None as long as the document is not read."""

    async def remove(self, document: Document) -> None:
        """Make the document unseen at once; a job removes what is stored of it."""


class Uploads(Protocol):
    """Files on their way into a space."""

    async def receive(self, document_id: str, content_type: str, body: AsyncIterator[bytes]) -> Upload:
        """Keep the part `file` of a multipart body and return once it is there to stay.

        UploadRefusedError for any other body. Whatever fails, nothing is left.
        """


class JobQueue(Protocol):
    """Background work: each job is done by one process at a time, for as long as its lease stands."""

    async def claim(self, kinds: Sequence[str]) -> Job | None:
        """Return the oldest job of `kinds` that is due and free, leased to this process, or None."""

    async def release(self, job: Job, *, delay_s: float, forgive: bool = False) -> None:
        """Give a job back for a later attempt; `forgive` does not count this one."""


class ChunkStore(Protocol):
    """What ingestion writes and removes, each step under the job's lease (LeaseLostError)."""

    async def begin(self, job: Job) -> Document:
        """Mark the job's document as processing and return it; LeaseLostError if it is gone, too."""

    async def store(self, job: Job, document: Document, prepared: Prepared) -> None:
        """Write text and chunks, and make the document ready in place of older ones of its name."""

    async def fail(self, job: Job, reason: str) -> None:
        """End the job with its document failed, for `reason`."""

    async def purge(self, job: Job) -> None:
        """Remove all that is stored of a removed document, and end the job."""

    async def purge_space(self, job: Job, forgotten: Callable[[str], None]) -> None:
        """Remove all that is stored of a removed space and end the job; `forgotten` hears each document."""


class VectorStore(Protocol):
    """The vectors of chunks, as the work of embedding sees them."""

    async def document(self, job: Job) -> Document | None:
        """Return the job's document while it is ready."""

    async def missing(self, document: Document, limit: int) -> list[tuple[int, str, str]]:
        """Return (chunk key, heading, text) of up to `limit` chunks of the document that have no vector."""

    async def add(
        self, job: Job, document: Document, model: str, keys: Sequence[int], made: Embeddings
    ) -> None:
        """Store the vectors of the chunks `keys`; MixedEmbeddingsError, LeaseLostError.

        The first vectors fix the space's model and dimension.
        """

    async def finish(self, job: Job) -> None:
        """End an embedding job; LeaseLostError."""


class PassageStore(Protocol):
    """What a search reads of one space."""

    async def by_text(
        self, space: Space, query: str, filters: Filters, count: int
    ) -> list[tuple[int, float]]:
        """Return (chunk key, text score) of the passages that fit the words of `query`, best first."""

    async def allowed_keys(self, space: Space, filters: Filters) -> list[int] | None:
        """Return the chunks with a vector whose documents pass `filters`; None when all do."""

    async def load(self, space: Space, keys: Sequence[int]) -> dict[int, StoredPassage]:
        """Return the passages of `keys` that are still there and of this space."""


class Preparer(Protocol):
    """Reads a document and cuts it, away from the event loop."""

    async def prepare(self, path: Path, media: str, chunking: Chunking, redact: Sequence[Kind]) -> Prepared:
        """Return the document's text and chunks; DocumentRefusedError with the reason if that fails."""


class Embedder(Protocol):
    """Turns texts into vectors of one model."""

    def available(self) -> bool:
        """Return False while the model is known to be missing or down: asking now would be in vain."""

    def is_down(self) -> bool:
        """Return True while the model is known to be there and not to answer."""

    async def embed(self, texts: Sequence[str], model: str, *, timeout_s: float) -> Embeddings:
        """Return one vector per text; EmbeddingsMissingError, EmbeddingsDownError."""


class VectorIndex(Protocol):
    """Cosines of the chunks of a space."""

    async def search(
        self, space: Space, query: bytes, count: int, allowed: Sequence[int] | None, also: Sequence[int]
    ) -> dict[int, float]:
        """Return chunk key -> cosine of the `count` nearest among the keys `allowed`, and of `also`.

        Chunks without a vector are left out. VectorsUnusableError if `query` has another dimension than the
        space, or if there is no room for the vectors.
        """


class VectorPages(Protocol):
    """The stored vectors of a space, page by page."""

    async def keys(self, space: Space) -> list[int]:
        """Return the chunks that may be found by vector, in ascending order."""

    async def page(self, space: Space, after: int) -> list[tuple[int, bytes]]:
        """Return some (chunk key, vector) with keys greater than `after`, ascending; none at the end."""

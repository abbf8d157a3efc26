"""What is stored, as plain data."""

from dataclasses import dataclass
from pathlib import Path

from wattos_platform.kernel.personal_data import Kind
from wattos_platform.services.rag.domain.chunk import Chunking

MAX_SPACES_PER_TENANT = 1000
MAX_DOCUMENTS_PER_SPACE = 100_000


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf background work is done."""

    tenant: str
    user: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Space:
    """A knowledge space; `key` names its index, `version` grows with every change of what can be found."""

    key: int
    id: str
    tenant: str
    name: str
    description: str
    chunking: Chunking
    redact: tuple[Kind, ...]
    version: int
    embedding_model: str | None
    embedding_dimension: int | None
    created_at: float
    documents: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `embedded` counts its chunks that have a vector."""

    id: str
    tenant: str
    space_key: int
    space_id: str
    name: str
    content_hash: str
    media_type: str
    size_bytes: int
    status: str
    error: str | None
    chunks: int
    embedded: int
    user: str
    request_id: str
    created_at: float
    updated_at: float

    @property
    def caller(self) -> Caller:
        """Return who uploaded the document."""
        return Caller(self.tenant, self.user, self.request_id)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on disk. `raw_name` is what the client called it."""

    path: Path
    raw_name: str
    size_bytes: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A chunk with its document's name."""

    key: int
    id: str
    document_id: str
    document: str
    media_type: str
    start: int
    end: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of background work that this process holds the lease of."""

    key: int
    kind: str
    subject: str
    tenant: str
    user: str
    request_id: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents may answer; None means any."""

    document_ids: tuple[str, ...] | None = None
    documents: tuple[str, ...] | None = None
    media_types: tuple[str, ...] | None = None

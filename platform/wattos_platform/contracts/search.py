"""What rag is asked and what it answers: spaces, documents, searches."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wattos_platform.contracts.chat import Passage

SearchMode = Literal["hybrid", "vector", "text"]
Retrieval = Literal["hybrid", "bm25", "vector"]
DocumentStatus = Literal["queued", "processing", "ready", "failed"]
MAX_QUERY_CHARS = 4000
MAX_TOP_K = 50


class ChunkingSettings(BaseModel):
    """How a space cuts its documents; characters. `auto`: Markdown by headings, other text by sentences."""

    model_config = ConfigDict(extra="forbid")

    strategy: Literal["auto", "sentence", "fixed", "paragraph", "markdown"] = "auto"
    size: int = Field(default=700, ge=100, le=8000)
    overlap: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _moves_on(self) -> "ChunkingSettings":
        if self.overlap > self.size // 2:
            raise ValueError("overlap must not exceed half of size")
        return self


class SpaceCreate(BaseModel):
    """Body of POST /api/v1/knowledge-spaces. `redact` names personal data to replace before storing."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    description: str = Field(default="", max_length=2000)
    chunking: ChunkingSettings = Field(default_factory=ChunkingSettings)
    redact: list[Literal["email", "phone", "iban", "card"]] = Field(default_factory=list, max_length=4)


class EmbeddingInfo(BaseModel):
    """The model whose vectors a space holds; no other's may be mixed in."""

    model: str
    dimension: int


class SpaceView(BaseModel):
    """A knowledge space; `documents` and `chunks` count what is ready to be found."""

    model_config = ConfigDict(extra="ignore")

    id: str
    name: str
    description: str
    chunking: ChunkingSettings
    redact: list[str]
    documents: int
    chunks: int
    embedding: EmbeddingInfo | None
    created_at: str


class DocumentView(BaseModel):
    """A document; `error` is the reason of `failed`. Vectors may lag behind (`chunks_without_vector`)."""

    model_config = ConfigDict(extra="ignore")

    id: str
    knowledge_space_id: str
    name: str
    status: DocumentStatus
    chunks: int
    chunks_without_vector: int
    size_bytes: int
    media_type: str
    error: str | None
    created_at: str
    updated_at: str


class UploadAnswer(DocumentView):
    """Answer to an upload; `unchanged` when the space already has this name with this content."""

    unchanged: bool = False


class SearchFilters(BaseModel):
    """A closed set of filters; all given ones must hold, each with any of its values."""

    model_config = ConfigDict(extra="forbid")

    document_ids: list[str] | None = Field(default=None, min_length=1, max_length=200)
    documents: list[str] | None = Field(default=None, min_length=1, max_length=200)
    media_types: list[str] | None = Field(default=None, min_length=1, max_length=20)


class SpaceSearchRequest(BaseModel):
    """Body of POST /api/v1/knowledge-spaces/{id}/search; zero is a value, not a missing one."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARS)]
    top_k: int = Field(default=8, ge=1, le=MAX_TOP_K)
    mode: SearchMode = "hybrid"
    min_score: float = Field(default=0.0, ge=0.0, le=1.0)
    filters: SearchFilters = Field(default_factory=SearchFilters)


class SearchRequest(SpaceSearchRequest):
    """Body of POST /api/v1/search."""

    knowledge_space_id: str = Field(min_length=1, max_length=64)


class SearchResult(Passage):
    """A passage with the path of headings above it and the two scores that `score` is made of, 0 to 1."""

    heading: str = ""
    text_score: float | None = None
    vector_score: float | None = None


class SearchResponse(BaseModel):
    """Passages, best first. `degraded` lists what should have been asked and was down."""

    model_config = ConfigDict(extra="ignore")

    results: list[SearchResult]
    retrieval: Retrieval
    degraded: list[str] = Field(default_factory=list)

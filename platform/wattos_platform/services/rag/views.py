"""Stored records as callers see them."""

from dataclasses import asdict

from wattos_platform.contracts.search import (
    ChunkingSettings,
    DocumentStatus,
    DocumentView,
    EmbeddingInfo,
    SpaceView,
    UploadAnswer,
)
from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.rag.domain.records import Document, Space

_STATUSES: dict[str, DocumentStatus] = {
    "queued": "queued",
    "processing": "processing",
    "ready": "ready",
    "failed": "failed",
}


def space_view(space: Space) -> SpaceView:
    """Return a space as its tenant sees it."""
    embedding = None
    if space.embedding_model is not None and space.embedding_dimension is not None:
        embedding = EmbeddingInfo(model=space.embedding_model, dimension=space.embedding_dimension)
    return SpaceView(
        id=space.id,
        name=space.name,
        description=space.description,
        chunking=ChunkingSettings(**asdict(space.chunking)),
        redact=list(space.redact),
        documents=space.documents,
        chunks=space.chunks,
        embedding=embedding,
        created_at=rfc3339(space.created_at),
    )


def document_view(document: Document) -> DocumentView:
    """Return a document as its tenant sees it."""
    return DocumentView(
        id=document.id,
        knowledge_space_id=document.space_id,
        name=document.name,
        status=_STATUSES[document.status],
        chunks=document.chunks,
        chunks_without_vector=max(document.chunks - document.embedded, 0),
        size_bytes=document.size_bytes,
        media_type=document.media_type,
        error=document.error,
        created_at=rfc3339(document.created_at),
        updated_at=rfc3339(document.updated_at),
    )


def upload_answer(document: Document, *, unchanged: bool) -> UploadAnswer:
    """Return the answer to an upload."""
    return UploadAnswer(**document_view(document).model_dump(), unchanged=unchanged)

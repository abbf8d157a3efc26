"""The tables of rag. Full-text indexes are one table per space (see `fulltext`), made with the space."""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

spaces = Table(
    "spaces",
    metadata,
    # `key` never comes back after a deletion: it names the full-text table.
    Column("key", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("tenant", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("chunking", Text, nullable=False),
    Column("redact", Text, nullable=False),
    # Grows with every change of what can be found; part of every cache key.
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("embedding_model", Text),
    Column("embedding_dimension", Integer),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("tenant", "name", name="uq_spaces_tenant_name"),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("space_key", Integer, ForeignKey("spaces.key"), nullable=False),
    Column("name", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    # queued, processing, ready, failed, and removed: no longer seen, rows purged by a job.
    Column("status", Text, nullable=False),
    Column("error", Text),
    Column("chunks", Integer, nullable=False, server_default=text("0")),
    Column("embedded", Integer, nullable=False, server_default=text("0")),
    Column("user", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("ix_documents_space_name", "space_key", "name"),
)

document_texts = Table(
    "document_texts",
    metadata,
    Column("document_id", Text, ForeignKey("documents.id"), primary_key=True),
    Column("text", Text, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=True),
    Column("document_id", Text, ForeignKey("documents.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("document_id", "ordinal", name="uq_chunks_document_ordinal"),
    sqlite_autoincrement=True,
)

vectors = Table(
    "vectors",
    metadata,
    Column("chunk_key", Integer, ForeignKey("chunks.key"), primary_key=True),
    Column("space_key", Integer, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("ix_vectors_space", "space_key", "chunk_key"),
    Index("ix_vectors_document", "document_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=True),
    # ingest (document), embed (document), purge (document), purge_space (space key)
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    # Claims since the last step that was committed; a document that kills the service runs out of them.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("not_before", Float, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", Float, nullable=False, server_default=text("0")),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("kind", "subject", name="uq_jobs_kind_subject"),
    sqlite_autoincrement=True,
)

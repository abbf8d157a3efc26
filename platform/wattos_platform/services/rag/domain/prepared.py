"""A document ready to be stored: its text, its chunks and the terms under which each is found."""

import msgspec

from wattos_platform.kernel.personal_data import Kind, without_personal_data
from wattos_platform.services.rag.domain.chunk import Chunk, Chunking
from wattos_platform.services.rag.domain.chunking import chunk
from wattos_platform.services.rag.domain.terms import index_terms

MAX_CHUNKS = 40_000


class TooManyChunksError(ValueError):
    """The document would be cut into more chunks than one may have."""


class PreparedChunk(msgspec.Struct, frozen=True, array_like=True):
    """One chunk; `heading_terms` and `body_terms` are separated by blanks."""

    start: int
    end: int
    heading: str
    heading_terms: str
    body_terms: str


class Prepared(msgspec.Struct, frozen=True, array_like=True):
    """The stored text and its chunks: `text[chunk.start:chunk.end]` is the chunk, always."""

    text: str
    chunks: list[PreparedChunk]


def prepare(text: str, chunking: Chunking, redacted: list[Kind], *, has_headings: bool) -> Prepared:
    """Return `text` redacted, cut and indexed; TooManyChunksError beyond 40 000 chunks.

    Redaction comes first, so that offsets, terms and embeddings all belong to the text that is stored.
    """
    kept = without_personal_data(text, redacted) if redacted else text
    chunks = chunk(kept, chunking, has_headings=has_headings)
    if len(chunks) > MAX_CHUNKS:
        raise TooManyChunksError(f"the document has {len(chunks)} chunks; the limit is {MAX_CHUNKS}")
    return Prepared(kept, [_indexed(kept, each) for each in chunks])


def _indexed(text: str, each: Chunk) -> PreparedChunk:
    return PreparedChunk(
        each.start,
        each.end,
        each.heading,
        " ".join(index_terms(each.heading)),
        " ".join(index_terms(text[each.start : each.end])),
    )

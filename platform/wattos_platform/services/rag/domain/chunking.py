"""Cut a text into chunks; every strategy ends on every input and keeps true offsets."""

from collections.abc import Iterator

from wattos_platform.services.rag.domain.chunk import Chunk, Chunking, Span, pack, trim
from wattos_platform.services.rag.domain.markdown import markdown_chunks
from wattos_platform.services.rag.domain.sentences import fitting, paragraph_spans, sentence_spans


def chunk(text: str, chunking: Chunking, *, has_headings: bool) -> list[Chunk]:
    """Return the chunks of `text`, in order, none empty, none longer than `chunking.size`.

    `has_headings` says that the text is Markdown (or was made so by a parser), which is what `auto` asks.
    """
    strategy = chunking.strategy
    if strategy == "auto":
        strategy = "markdown" if has_headings else "sentence"
    if strategy == "markdown":
        return list(markdown_chunks(text, chunking.size))
    if strategy == "fixed":
        spans = _fixed(text, chunking.size, chunking.overlap)
    elif strategy == "paragraph":
        spans = pack(text, _paragraphs(text, chunking.size), chunking.size, chunking.overlap)
    else:
        units = fitting(text, sentence_spans(text, 0, len(text)), chunking.size)
        spans = pack(text, units, chunking.size, chunking.overlap)
    return [Chunk(start, end) for start, end in spans]


def _fixed(text: str, size: int, overlap: int) -> Iterator[Span]:
    """Return windows of `size`; the last one ends with the text (the original's never did: defect 61)."""
    start = shown = 0
    while start < len(text):
        end = min(start + size, len(text))
        left, right = trim(text, start, end)
        if left < right and right > shown:  # trimmed, a window may lie within the one before
            yield left, right
            shown = right
        if end == len(text):
            return
        start = end - overlap


def _paragraphs(text: str, size: int) -> Iterator[Span]:
    for start, end in paragraph_spans(text, 0, len(text)):
        if end - start <= size:
            yield start, end
        else:
            yield from fitting(text, sentence_spans(text, start, end), size)

"""A chunk of a document and the settings that cut it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Strategy = Literal["auto", "sentence", "fixed", "paragraph", "markdown"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Characters `start` to `end` of the document's stored text; `heading` is the path of headings above."""

    start: int
    end: int
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a space cuts its documents; sizes in characters.

    `auto` is `markdown` for text with headings and `sentence` for any other. ValueError unless
    `size` >= 1 and 0 <= `overlap` < `size`.
    """

    strategy: Strategy = "auto"
    size: int = 700
    overlap: int = 0

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 <= self.overlap < self.size:
            raise ValueError(
                f"chunk size {self.size} and overlap {self.overlap}: 0 <= overlap < size is needed"
            )


def trim(text: str, start: int, end: int) -> Span:
    """Return the span without the white space at its ends; empty spans have start == end."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def hard_split(text: str, start: int, end: int, size: int) -> Iterator[Span]:
    """Cut a span into pieces of at most `size`; at white space, where the last fifth of a piece has some."""
    while end - start > size:
        cut = start + size
        for probe in range(cut, max(start + size - size // 5, start + 1) - 1, -1):
            if text[probe].isspace():
                cut = probe
                break
        yield start, cut
        start = cut
    if start < end:
        yield start, end


def pack(text: str, spans: Iterable[Span], size: int, overlap: int = 0) -> Iterator[Span]:
    """Join neighbouring spans (ordered, each at most `size` long) to trimmed pieces of at most `size`.

    A piece repeats whole spans from the end of the one before it, up to `overlap` characters.
    """
    held: list[Span] = []
    for span in spans:
        if held and span[1] - held[0][0] > size:
            yield from _trimmed(text, held[0][0], held[-1][1])
            held = _tail(held, overlap, size - (span[1] - held[-1][1]))
        held.append(span)
    if held:
        yield from _trimmed(text, held[0][0], held[-1][1])


def _tail(held: list[Span], overlap: int, room: int) -> list[Span]:
    """Return the last spans of `held` that fit into `overlap` and `room`; never all: packing must move on."""
    first = len(held)
    while first > 1 and held[-1][1] - held[first - 1][0] <= min(overlap, room):
        first -= 1
    return held[first:]


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    start, end = trim(text, start, end)
    if start < end:
        yield start, end

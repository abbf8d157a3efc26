"""Where sentences and paragraphs end, in English and German text."""

import re
from collections.abc import Iterator

from wattos_platform.services.rag.domain.chunk import Span, hard_split

# Possessive quantifiers and the look-behind keep every scan linear: ten megabytes of dots take one pass.
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'»”’)\]]*+\s++|(?<!\n)\n[ \t\r]*+\n\s*+")
_PARAGRAPH_END = re.compile(r"(?<!\n)\n[ \t\r]*+\n\s*+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-zÄÖÜäöü]|\d{1,2}|z\. ?B|d\. ?h|u\. ?a|e\.g|i\.e|bzw|ca|vgl|"
    r"etc|usw|Dr|Prof|Mr|Mrs|Ms|Nr|No|Art|Abs|Str|Tel|inkl|ggf|evtl|vs|St|Fig|Abb)\.\s+$"
)
_LOOK_BACK = 12


def sentence_spans(text: str, start: int, end: int) -> Iterator[Span]:
    """Return the sentences of text[start:end], without gaps; a blank line ends a sentence too."""
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        cut = match.end()
        if "\n\n" not in match.group() and _ABBREVIATION.search(text[max(begin, cut - _LOOK_BACK) : cut]):
            continue
        yield begin, cut
        begin = cut
    if begin < end:
        yield begin, end


def paragraph_spans(text: str, start: int, end: int) -> Iterator[Span]:
    """Return the paragraphs of text[start:end], without gaps; blank lines separate them."""
    begin = start
    for match in _PARAGRAPH_END.finditer(text, start, end):
        yield begin, match.end()
        begin = match.end()
    if begin < end:
        yield begin, end


def fitting(text: str, spans: Iterator[Span], size: int) -> Iterator[Span]:
    """Return `spans` with those longer than `size` cut further."""
    for start, end in spans:
        if end - start > size:
            yield from hard_split(text, start, end, size)
        else:
            yield start, end

"""Sentence boundaries in running text, German and English, abbreviations and code spans respected."""

import re
from collections.abc import Iterator

_BOUNDARY = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s+[\"'“‘„«(\[*_`]*[^\W_])|[:;](?=\s*\n\s*\n)")
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_LAST_WORD = re.compile(r"([\w.]+)\.$")
_NEXT_WORD = re.compile(r"\s+[\"'“‘„«(\[*_`]*(\w+)")


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ABBREVIATIONS = _listed(
    "e.g i.e z.b d.h u.a o.ä s.o s.u u.u v.a i.d.r z.t bzw usw etc vs ca nr abs art bd dr prof "
    "mr mrs ms st fig eq sec cf approx resp vgl inkl exkl max min tel str evtl ggf sog hrsg jr "
    "sr no vol pp al bzgl mio mrd"
)
_MONTHS = _listed(
    "januar februar märz april mai juni juli august september oktober november dezember januari"
)
_PAIR_BEFORE = re.compile(r"\b[^\W\d_]\.\s?[^\W\d_]\.$")
_PAIR_AFTER = re.compile(r"\s?[^\W\d_]\.")
_LONGEST_ORDINAL = 2


def _is_abbreviation(before: str, following: str) -> bool:
    match = _LAST_WORD.search(before)
    if match is None:
        return False
    word = match.group(1).lower()
    if word in _ABBREVIATIONS or (len(word) == 1 and match.group(1).isupper()):
        return True
    if len(word) == 1 and word.isalpha():
        # "z. B.", "d. h.": one of a pair; a lone small letter is a unit ("2.5 s.") and may end a sentence.
        return bool(_PAIR_BEFORE.search(before) or _PAIR_AFTER.match(following))
    if word.isdigit() and len(word) <= _LONGEST_ORDINAL:
        upcoming = _NEXT_WORD.match(following)
        return upcoming is not None and upcoming.group(1).lower() in _MONTHS
    return False


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each sentence, without the white space around it.

    A full stop after an abbreviation, an initial, a German date's day or inside a code span ends nothing,
    nor does one before a small letter.
    """
    code = [match.span() for match in _CODE_SPAN.finditer(text)]
    start = 0
    for match in _BOUNDARY.finditer(text):
        end = match.end()
        if any(left < match.start() < right - 1 for left, right in code):
            continue
        upcoming = _NEXT_WORD.match(text, end)
        if upcoming is not None and upcoming.group(1)[0].islower() and "`" not in upcoming.group():
            continue
        if match.group() == "." and _is_abbreviation(text[max(0, end - 24) : end], text[end : end + 24]):
            continue
        yield from _trimmed(text, start, end)
        start = end
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end

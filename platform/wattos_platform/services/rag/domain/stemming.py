"""A light stemmer for English and German at once: inflections meet, no language has to be detected.

It is applied to documents and queries alike, so a stem need not be a word; it must only be the same one.
"""

from functools import lru_cache

_MIN_WORD = 4
_MIN_STEM = 4
_PLURALS = (("ies", "y"), ("ied", "y"), ("innen", "in"), ("sses", "ss"))
_ENDINGS = (
    *(
        "ierungen",
        "ierung",
        "ations",
        "ation",
        "ungen",
        "ments",
        "ities",
        "ment",
        "ung",
        "ings",
        "ing",
        "heit",
        "keit",
    ),
    *("ated", "ates", "ate", "ern", "ers", "est", "ed", "er", "en", "em", "es", "ly"),
)
_VOWELS = "aeiouy"


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of a folded lower-case word; words with digits or fewer than four letters stay."""
    if len(word) < _MIN_WORD or not word.isalpha() or not word.isascii():
        return word
    for ending, put in _PLURALS:
        if word.endswith(ending) and len(word) - len(ending) + len(put) >= _MIN_STEM:
            word = word.removesuffix(ending) + put
            break
    else:
        word = _without_s(word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            word = word.removesuffix(ending)
            break
    return _tidy(word)


def _without_s(word: str) -> str:
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) >= _MIN_WORD:
        return word[:-1]
    return word


def _tidy(word: str) -> str:
    """Drop a final e or n after e, l, r; one of two equal consonants; write a final y as i."""
    if word.endswith("e") and len(word) > _MIN_WORD - 1:
        word = word[:-1]
    if word.endswith(("eln", "ern")) and len(word) > _MIN_STEM:
        word = word[:-1]
    if len(word) >= _MIN_STEM and word[-1] == word[-2] and word[-1] not in _VOWELS + "s":
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") else word

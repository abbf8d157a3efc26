"""Index terms of a text, and a full-text query that carries nothing of the user's syntax."""

import re
import unicodedata
from collections.abc import Iterator

from wattos_platform.services.rag.domain.stemming import stem
from wattos_platform.services.rag.domain.stopwords import STOPWORDS

MAX_TERM_CHARS = 64
MAX_QUERY_TERMS = 32
MIN_PREFIX_CHARS = 4
_WORD = re.compile(r"[^\W_]+")
# Scripts without spaces between words: pairs of neighbouring characters stand in for words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_UMLAUT = re.compile(r"ae|oe|(?<![aeq])ue")


def fold(text: str) -> str:
    """Return `text` in lower case, without diacritics; `ß` becomes `ss`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def words(text: str) -> Iterator[str]:
    """Return the folded words of `text`, cut to 64 characters; letters and digits only."""
    for match in _WORD.finditer(fold(text)):
        yield match.group()[:MAX_TERM_CHARS]


def index_terms(text: str) -> list[str]:
    """Return the terms under which `text` is found: stems; character pairs for scripts without spaces."""
    return [term for word in words(text) for term in _terms_of(word)]


def query_terms(query: str) -> list[str]:
    """Return the distinct terms of a question, at most 32; stop words only if there is nothing else.

    Of a longer text those at both ends: what is asked stands before or behind what is told around it.
    """
    spoken = list(words(query))
    telling = [word for word in spoken if word not in STOPWORDS] or spoken
    terms = [term for word in telling for term in _terms_of(word)]
    distinct = list(dict.fromkeys(terms))
    if len(distinct) <= MAX_QUERY_TERMS:
        return distinct
    first = distinct[: MAX_QUERY_TERMS // 2]
    last = [term for term in dict.fromkeys(reversed(terms)) if term not in first]
    return first + last[: MAX_QUERY_TERMS - len(first)][::-1]


def match_expression(terms: list[str]) -> str:
    """Return an FTS5 expression that finds any of `terms`, or a word that begins with one.

    A term holds letters and digits only (see `words`), so quoting it leaves no syntax of the user's in it.
    An exact hit counts twice, as term and as prefix: `vertrag` finds `vertragsende`, but itself first.
    """
    parts = [f'"{term}"' for term in terms]
    parts += [f'"{term}"*' for term in terms if len(term) >= MIN_PREFIX_CHARS]
    return " OR ".join(parts)


def _terms_of(word: str) -> Iterator[str]:
    if _UNSPACED.search(word):
        yield from (word[at : at + 2] for at in range(max(len(word) - 1, 1)))
    elif word.isascii() and word.isalpha():
        yield stem(_UMLAUT.sub(lambda found: found.group()[0], word))
    else:
        yield word

"""How well a passage fits a question's words: BM25 over name, headings, text, as a share of its maximum."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattos_platform.services.rag.domain.terms import MIN_PREFIX_CHARS

# Passages are short and about as long as each other: repetition tells little, length nearly nothing.
SATURATION = 0.6
LENGTH_WEIGHT = 0.15
TYPICAL_TERMS = 95
NAME_WEIGHT, HEADING_WEIGHT = 0.8, 1.5
PREFIX_WEIGHT = 0.4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage's terms; `key` is the chunk's."""

    key: int
    name: Sequence[str]
    heading: Sequence[str]
    body: Sequence[str]


@dataclass(frozen=True, slots=True)
class Corpus:
    """How many passages there are, and in how many each term of the question occurs."""

    passages: int
    frequencies: Mapping[str, int]

    def weight(self, term: str) -> float:
        """Return the inverse document frequency of `term`; never negative, greatest for a term nobody has."""
        found = min(self.frequencies.get(term, 0), self.passages)
        return math.log(1 + (self.passages - found + 0.5) / (found + 0.5))


def text_score(terms: Sequence[str], candidate: Candidate, corpus: Corpus) -> float:
    """Return in [0, 1] how much of the question's weight the passage holds; 0 when it has none of the terms.

    A term that only begins a longer word of the passage counts less than the word itself.
    Source: Robertson, Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009 (BM25F).
    """
    total = sum(corpus.weight(term) for term in terms)
    if not total:
        return 0.0
    counts: Counter[str] = Counter(candidate.body)
    for words, weight in ((candidate.heading, HEADING_WEIGHT), (candidate.name, NAME_WEIGHT)):
        for word in set(words):
            counts[word] += weight  # type: ignore[assignment] # a weighted count is no integer
    length = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * len(candidate.body) / TYPICAL_TERMS
    reached = sum(corpus.weight(term) * _share(_frequency(term, counts), length) for term in terms)
    return min(reached / total, 1.0)


def _frequency(term: str, counts: Mapping[str, float]) -> float:
    exact = counts.get(term, 0.0)
    if exact or len(term) < MIN_PREFIX_CHARS:
        return exact
    return PREFIX_WEIGHT if any(word.startswith(term) for word in counts) else 0.0


def _share(frequency: float, length: float) -> float:
    return frequency / (frequency + SATURATION * length)


def rank(terms: Sequence[str], found: Sequence[Candidate], corpus: Corpus) -> list[tuple[int, float]]:
    """Return (key, text score) of `found`, best first; equal scores keep their order."""
    scored = [(each.key, text_score(terms, each, corpus)) for each in found]
    return sorted(scored, key=lambda item: -item[1])

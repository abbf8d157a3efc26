"""Words and vectors in one order: reciprocal rank fusion, weighed by how well a passage fits at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattos_platform.services.rag.domain.fusion import fuse


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found; `score` orders, the other two say what it was made of (None: not known)."""

    key: int
    score: float
    text: float | None = None
    vector: float | None = None


def by_words(found: Sequence[tuple[int, float]]) -> list[Hit]:
    """Return hits of a search by words alone; the score is the text score."""
    return [Hit(key, score, text=score) for key, score in found]


def by_vectors(found: Mapping[int, float]) -> list[Hit]:
    """Return hits of a search by vectors alone; the score is the cosine, at least 0."""
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return [Hit(key, _clamped(cosine), vector=_clamped(cosine)) for key, cosine in ordered]


def by_both(found: Sequence[tuple[int, float]], cosines: Mapping[int, float]) -> list[Hit]:
    """Return hits of both, best first; the score is the fused rank (1 is first in both) times the mean fit.

    Fused ranks alone say nothing of how well the best passage fits; a question without an answer must show.
    A passage that has no vector yet is ranked by its words alone, as if the vectors agreed: a document just
    taken in must not be found worse than one whose vectors are there.
    """
    texts = dict(found)
    by_text = list(texts)
    near = {key: _clamped(cosine) for key, cosine in cosines.items()}
    by_cosine = sorted(near, key=lambda key: -near[key])
    for key in texts:
        if key not in near:
            by_cosine.insert(by_text.index(key), key)
    fused = fuse([by_text, by_cosine], [1.0, 1.0])
    hits = []
    for key, order in fused.items():
        words = texts.get(key, 0.0)
        fit = (words + near.get(key, words)) / 2
        hits.append(Hit(key, order * fit, words, near.get(key)))
    return sorted(hits, key=lambda hit: -hit.score)


def _clamped(cosine: float) -> float:
    return min(max(cosine, 0.0), 1.0)

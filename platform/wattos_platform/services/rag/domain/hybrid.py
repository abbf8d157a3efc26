"""Words and vectors in one order: reciprocal rank fusion, weighed by how well a passage fits at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattos_platform.services.rag.domain.fusion import fuse

TEXT_WEIGHT, VECTOR_WEIGHT = 1.0, 0.7


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
    """Return hits of both, best first.

    A passage that has no vector yet is ranked by its words alone, as if the vectors agreed: a document just
    taken in must not be found worse than one whose vectors are there.
    """
    texts = dict(found)
    by_text = list(texts)
    by_cosine = sorted(cosines, key=lambda key: -cosines[key])
    without = [key for key in by_text if key not in cosines]
    for key in without:
        by_cosine.insert(by_text.index(key), key)
    fused = fuse([by_text, by_cosine], [TEXT_WEIGHT, VECTOR_WEIGHT])
    hits = [
        Hit(
            key,
            order * max(texts.get(key, 0.0), _clamped(cosines.get(key, 0.0))),
            texts.get(key, 0.0),
            _clamped(cosines[key]) if key in cosines else None,
        )
        for key, order in fused.items()
    ]
    return sorted(hits, key=lambda hit: -hit.score)


def _clamped(cosine: float) -> float:
    return min(max(cosine, 0.0), 1.0)

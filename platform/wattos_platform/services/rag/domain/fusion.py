"""Reciprocal rank fusion of several rankings."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

K = 60
Key = TypeVar("Key", bound=Hashable)


def fuse(rankings: Sequence[Sequence[Key]], weights: Sequence[float], k: int = K) -> dict[Key, float]:
    """Return each key's fused score in (0, 1], best first; 1 means first in every ranking.

    Keys of equal score keep the order of their first appearance. Source: Cormack, Clarke, Buettcher,
    "Reciprocal Rank Fusion outperforms Condorcet", SIGIR 2009, with weights, divided by its maximum.
    """
    total = sum(weights) / (k + 1)
    scores: dict[Key, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + weight / (k + rank) / total
    return dict(sorted(scores.items(), key=lambda item: -item[1]))

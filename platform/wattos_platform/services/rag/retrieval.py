"""A search: words and vectors, fused; without vectors it answers by words and says so."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from wattos_platform.contracts.search import Retrieval, SearchMode, SearchResponse, SearchResult
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.cache import Cache, cache_key
from wattos_platform.kernel.resilience.degrade import Degradation, mark
from wattos_platform.kernel.telemetry import Meter
from wattos_platform.services.rag.domain.hybrid import Hit, by_both, by_vectors, by_words
from wattos_platform.services.rag.domain.media import weight
from wattos_platform.services.rag.domain.records import Filters, Space, StoredPassage
from wattos_platform.services.rag.ports import (
    Embedder,
    EmbeddingsDownError,
    EmbeddingsMissingError,
    PassageStore,
    VectorIndex,
    VectorsUnusableError,
)

CANDIDATES = 60
# The model's process may have to start for the first question.
QUERY_TIMEOUT_S = 5.0
# What four digits can show; a passage below it does not fit at all.
_LEAST_SCORE = 0.0001


def vectors_failed(error: Exception) -> bool:
    """Return whether `error` is one of the vector path: its model is down, or its vectors cannot be used."""
    return isinstance(error, (EmbeddingsDownError, VectorsUnusableError))


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for."""

    query: str
    top_k: int
    mode: SearchMode
    min_score: float
    filters: Filters


class Searcher:
    """Answers questions over a space."""

    def __init__(
        self,
        *,
        passages: PassageStore,
        vectors: VectorIndex,
        embedder: Embedder,
        cache: Cache,
        vector: Degradation,
        metrics: Meter,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._passages = passages
        self._vectors = vectors
        self._embedder = embedder
        self._cache = cache
        self._vector = vector
        self._metrics = metrics
        self._monotonic = monotonic

    async def search(self, space: Space, question: Question) -> str:
        """Return a SearchResponse as JSON, from the cache if the space has not changed since.

        ServiceError 503 `vectors_unavailable` when only vectors were asked for and they cannot be had.
        """
        self._metrics.counter("rag_searches_total", mode=question.mode).inc()

        async def make() -> str:
            begin = self._monotonic()
            response = await self._answer(space, question)
            self._metrics.histogram("rag_search_duration_seconds", retrieval=response.retrieval).observe(
                self._monotonic() - begin
            )
            if response.degraded:
                raise _NotKept(response)
            return response.model_dump_json()

        try:
            body: str = await self._cache.get_or_set(
                f"{space.tenant}:{space.id}", search_key(space, question), make
            )
        except _NotKept as answered:
            # Who shared the search of another request says so too.
            for dependency in answered.response.degraded:
                mark(dependency)
            return answered.response.model_dump_json()
        return body

    async def _answer(self, space: Space, question: Question) -> SearchResponse:
        words: list[tuple[int, float]] = []
        if question.mode != "vector":
            words = await self._passages.by_text(space, question.query, question.filters, CANDIDATES)
        if question.mode == "text":
            return await self._response(space, question, by_words(words), "bm25")
        if space.embedding_model is None and question.mode == "hybrid":
            missed = (
                self._vector.went_without("the model gateway is down") if self._embedder.is_down() else ()
            )
            return await self._response(space, question, by_words(words), "bm25", missed)
        cosines: dict[int, float] | None = None
        use = self._vector.without()
        with use, suppress(EmbeddingsMissingError):
            cosines = await self._cosines(space, question, [key for key, _ in words])
        if question.mode == "vector":
            if cosines is None:
                raise ServiceError(
                    503, "vectors_unavailable", "Searching by vectors is not possible now; mode hybrid is."
                )
            return await self._response(space, question, by_vectors(cosines), "vector")
        if cosines is None:
            return await self._response(space, question, by_words(words), "bm25", use.degraded)
        return await self._response(space, question, by_both(words, cosines), "hybrid")

    async def _cosines(self, space: Space, question: Question, also: list[int]) -> dict[int, float]:
        if space.embedding_model is None:  # nothing was embedded yet
            if not self._embedder.available():
                raise EmbeddingsMissingError
            return {}
        made = await self._embedder.embed([question.query], space.embedding_model, timeout_s=QUERY_TIMEOUT_S)
        only = await self._passages.allowed_keys(space, question.filters)
        return await self._vectors.search(space, made.vectors[0], CANDIDATES, only, also)

    async def _response(
        self,
        space: Space,
        question: Question,
        hits: list[Hit],
        retrieval: Retrieval,
        degraded: Sequence[str] = (),
    ) -> SearchResponse:
        # What was removed since is not stored any more, and is left out.
        stored = await self._passages.load(space, [hit.key for hit in hits])
        found = [_result(stored[hit.key], hit) for hit in hits if hit.key in stored]
        fitting = [result for result in found if result.score >= max(question.min_score, _LEAST_SCORE)]
        fitting.sort(key=lambda result: -result.score)
        return SearchResponse(results=fitting[: question.top_k], retrieval=retrieval, degraded=list(degraded))


class _NotKept(Exception):  # noqa: N818 - a way out of the cache, not an error
    """Carries an answer past the cache: an outage must not outlive itself."""

    def __init__(self, response: SearchResponse) -> None:
        super().__init__()
        self.response = response


def search_key(space: Space, question: Question) -> str:
    """Return a key that no other tenant, space, version, model or question has; it hides the question."""
    return cache_key(
        tenant=space.tenant,
        space=space.id,
        version=space.version,
        model=space.embedding_model,
        question=question,
    )


def _result(passage: StoredPassage, hit: Hit) -> SearchResult:
    return SearchResult(
        id=passage.id,
        document_id=passage.document_id,
        document=passage.document,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=round(hit.score * weight(passage.media_type), 4),
        heading=passage.heading,
        text_score=None if hit.text is None else round(hit.text, 4),
        vector_score=None if hit.vector is None else round(hit.vector, 4),
    )

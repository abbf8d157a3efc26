"""The circuit breaker before the local embedding model, so that it can be seen and steered like any other."""

from collections.abc import Sequence

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerOpen
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.services.llm_gateway.ports import Embedder, Embeddings

WORKER = "worker:minilm"


class GuardedEmbedder:
    """An Embedder that asks `inner` while the breaker is closed, and refuses like `inner` while it is open.

    A full queue is not the worker's failure: the call never reached it.
    """

    def __init__(self, inner: Embedder, breaker: Breaker) -> None:
        self._inner = inner
        self._breaker = breaker

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of `texts`; 503 when the worker cannot be had or is left alone."""
        try:
            return await self._breaker.call(lambda: self._inner.embed(texts))
        except BreakerOpen as refusal:
            raise ServiceError(
                503,
                "embeddings_unavailable",
                "The local embedding model is left alone for now: its circuit breaker is open.",
                headers=retry_after(refusal.retry_after_s),
            ) from refusal

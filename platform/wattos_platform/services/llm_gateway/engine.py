"""What configuration decides, as one object that is replaced as a whole: providers, prices, quotas."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.llm_gateway.accounting import Accounting
from wattos_platform.services.llm_gateway.answer_cache import ANSWER_TTL_S, AnswerCache
from wattos_platform.services.llm_gateway.caps import Caps
from wattos_platform.services.llm_gateway.catalog import ModelCatalog
from wattos_platform.services.llm_gateway.completions import Completions
from wattos_platform.services.llm_gateway.domain.configured import Configured
from wattos_platform.services.llm_gateway.domain.models import LOCAL, ModelBook
from wattos_platform.services.llm_gateway.domain.quotas import QuotaPlan
from wattos_platform.services.llm_gateway.embeddings import EmbeddingCalls
from wattos_platform.services.llm_gateway.ports import Embedder, Provider, Upstreams
from wattos_platform.services.llm_gateway.quotas import Ledger, Quotas
from wattos_platform.services.llm_gateway.retries import Retries
from wattos_platform.services.llm_gateway.running_streams import RunningStreams


@dataclass(frozen=True, slots=True)
class Engine:
    """What answers requests under one configuration."""

    configured: Configured
    book: ModelBook
    completions: Completions
    answers: AnswerCache
    embeddings: EmbeddingCalls
    catalog: ModelCatalog
    quotas: Quotas


class EngineMaker:
    """Makes engines. What outlives a configuration is kept here: connections, breakers, budgets, usage.

    `embedding_models` are those that `embedder` has: none where it is not installed.
    """

    def __init__(
        self,
        runtime: Runtime,
        accounting: Accounting,
        streams: RunningStreams,
        *,
        upstreams: Upstreams,
        local: Provider,
        embedder: Embedder,
        embedding_models: Sequence[str],
        ledger: Ledger,
    ) -> None:
        self._runtime = runtime
        self._accounting = accounting
        self._streams = streams
        self._upstreams = upstreams
        self._local = local
        self._embedder = embedder
        self._embedding_models = embedding_models
        self._ledger = ledger
        self._retries = Retries(runtime)
        self.caps = Caps(runtime.monotonic)
        self.cache = runtime.cache("llm-answers", ANSWER_TTL_S)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close what engines share when the block ends."""
        try:
            yield
        finally:
            await self.cache.close()

    def make(self, configured: Configured) -> Engine:
        """Return an engine for `configured`; from now on calls are priced and named by its book."""
        settings, prices = configured.providers, configured.prices
        upstreams = self._upstreams.of(settings.upstreams)
        providers: dict[str, Provider] = {**upstreams, LOCAL: self._local}
        book = ModelBook(
            models={each.name: each.models for each in settings.upstreams},
            defaults={each.name: each.default_model for each in settings.upstreams if each.default_model},
            aliases=settings.aliases,
            embedding_models=self._embedding_models,
            priced=prices.serves,
        )
        runtime, accounting = self._runtime, self._accounting
        accounting.prices = prices
        accounting.meters.knows = book.knows
        self._upstreams.keep_only(upstreams)
        runtime.breakers.declare_only("llm", upstreams)
        breaker_of = runtime.breakers.get
        completions = Completions(
            book, providers, breaker_of, accounting, self._retries.of, streams=self._streams
        )
        return Engine(
            configured,
            book,
            completions,
            AnswerCache(self.cache, completions, book, accounting),
            EmbeddingCalls(book, providers, self._embedder, breaker_of, accounting),
            ModelCatalog(book, providers, runtime.breakers, accounting, runtime.monotonic),
            self._quotas(configured),
        )

    def _quotas(self, configured: Configured) -> Quotas:
        runtime = self._runtime
        return Quotas(
            QuotaPlan(configured.limits),
            configured.prices,
            limiter=runtime.limiter,
            slots=runtime.slots,
            ledger=self._ledger,
            caps=self.caps,
            meter=runtime.metrics,
            log=runtime.log,
            clock=runtime.clock,
        )

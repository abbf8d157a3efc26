"""What configuration decides, as one object that is replaced as a whole: providers, prices, quotas."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from wattos_platform.contracts.limits import Limits, read_limits
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.llm_gateway.accounting import Accounting
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger
from wattos_platform.services.llm_gateway.adapters.minilm.absent import AbsentEmbedder
from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.adapters.redis_ledger import RedisLedger
from wattos_platform.services.llm_gateway.adapters.spending import DatabaseSpending
from wattos_platform.services.llm_gateway.adapters.upstream_settings import ProviderSettings, read_providers
from wattos_platform.services.llm_gateway.answer_cache import ANSWER_TTL_S, AnswerCache
from wattos_platform.services.llm_gateway.caps import Caps
from wattos_platform.services.llm_gateway.catalog import ModelCatalog
from wattos_platform.services.llm_gateway.completions import Completions
from wattos_platform.services.llm_gateway.domain.models import LOCAL, MINILM, ModelBook
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable
from wattos_platform.services.llm_gateway.domain.quotas import QuotaPlan
from wattos_platform.services.llm_gateway.embeddings import EmbeddingCalls
from wattos_platform.services.llm_gateway.ports import Embedder, Provider
from wattos_platform.services.llm_gateway.quotas import Ledger, Quotas
from wattos_platform.services.llm_gateway.running_streams import RunningStreams
from wattos_platform.services.llm_gateway.upstreams import Retries, Upstreams


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration, read and found right."""

    providers: ProviderSettings
    limits: Limits
    prices: PriceTable


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


def configured(config: Mapping[str, Any], environ: Mapping[str, str]) -> Configured:
    """Return what the generated configuration says; SettingsError for anything that cannot work."""
    return Configured(read_providers(config, environ), read_limits(config), read_prices(config))


class EngineMaker:
    """Makes engines. What outlives a configuration is kept here: connections, breakers, budgets, usage."""

    def __init__(
        self,
        runtime: Runtime,
        accounting: Accounting,
        streams: RunningStreams,
        local: Provider,
        embedder: Embedder | None,
    ) -> None:
        self._runtime = runtime
        self._accounting = accounting
        self._streams = streams
        self._local = local
        self._embedder = embedder
        self._retries = Retries(runtime)
        self._ledger = _ledger(runtime)
        self.caps = Caps(runtime.monotonic)
        self.upstreams = Upstreams(runtime)
        self.cache = runtime.cache("llm-answers", ANSWER_TTL_S)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close what engines share when the block ends."""
        async with self.upstreams.running():
            try:
                yield
            finally:
                await self.cache.close()

    def make(self, configured: Configured) -> Engine:
        """Return an engine for `configured`; from now on calls are priced and named by its book."""
        settings, prices = configured.providers, configured.prices
        upstreams = self.upstreams.of(settings.upstreams)
        providers: dict[str, Provider] = {**upstreams, LOCAL: self._local}
        book = ModelBook(
            models={each.name: each.models for each in settings.upstreams},
            defaults={each.name: each.default_model for each in settings.upstreams if each.default_model},
            aliases=settings.aliases,
            embedding_models=(MINILM,) if self._embedder else (),
            priced=prices.serves,
        )
        runtime, accounting = self._runtime, self._accounting
        accounting.prices = prices
        accounting.meters.knows = book.knows
        self.upstreams.keep_only(upstreams)
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
            EmbeddingCalls(book, providers, self._embedder or AbsentEmbedder(), breaker_of, accounting),
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


def _ledger(runtime: Runtime) -> Ledger:
    spent = DatabaseSpending(runtime.require_database(), runtime.clock).spent
    local = MemoryLedger(spent, runtime.monotonic)
    return local if runtime.redis is None else RedisLedger(runtime.redis, spent, local)

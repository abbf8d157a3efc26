"""The composition root of the model gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from wattos_platform.kernel.error_shapes import MODEL_API
from wattos_platform.kernel.health import Check
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.resilience.retry import Retry, RetrySettings
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import Lifespan, ServiceApp, ServiceSpec, build_service
from wattos_platform.services.llm_gateway.accounting import Accounting
from wattos_platform.services.llm_gateway.adapters.local_provider import LocalProvider
from wattos_platform.services.llm_gateway.adapters.minilm.absent import AbsentEmbedder
from wattos_platform.services.llm_gateway.adapters.minilm.embedding_queue import EmbeddingQueue, QueueLimits
from wattos_platform.services.llm_gateway.adapters.minilm.model_files import INSTALL_LINE, find_model
from wattos_platform.services.llm_gateway.adapters.minilm.vector_cache import CachedEmbedder
from wattos_platform.services.llm_gateway.adapters.minilm.worker_process import WorkerProcess
from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.adapters.upstream_http import UpstreamHttp, UpstreamTimeouts
from wattos_platform.services.llm_gateway.adapters.upstream_provider import UpstreamProvider
from wattos_platform.services.llm_gateway.adapters.upstream_settings import (
    ProviderSettings,
    UpstreamSettings,
    read_providers,
)
from wattos_platform.services.llm_gateway.adapters.usage_log import DatabaseUsageLog
from wattos_platform.services.llm_gateway.adapters.usage_reports import DatabaseUsageReports
from wattos_platform.services.llm_gateway.adapters.wire_formats import format_of
from wattos_platform.services.llm_gateway.call_meters import CallMeters
from wattos_platform.services.llm_gateway.catalog import ModelCatalog
from wattos_platform.services.llm_gateway.completions import Completions
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import LOCAL, MINILM, ModelBook
from wattos_platform.services.llm_gateway.embeddings import EmbeddingCalls
from wattos_platform.services.llm_gateway.ports import Provider
from wattos_platform.services.llm_gateway.routes import Endpoints
from wattos_platform.services.llm_gateway.usage_routes import UsageEndpoints

_OUT_OF_ORDER = {"down": "its circuit breaker is open", "refused": "it refuses this gateway's key"}


def create_app(runtime: Runtime) -> ServiceApp:
    """Return the service with the model that is installed on this machine."""
    return create_app_with(runtime, find_model())


def create_app_with(runtime: Runtime, model_folder: Path | None) -> ServiceApp:
    """Return the service; `model_folder` None is the mode without vectors.

    SettingsError when the configured providers cannot work.
    """
    settings = read_providers(runtime.config, runtime.environ)
    prices = read_prices(runtime.config)
    queue = _queue(runtime, model_folder)
    if runtime.database is None:
        raise RuntimeError("the model gateway needs its database")
    usage = DatabaseUsageLog(runtime.database, runtime.metrics)
    accounting = Accounting(
        prices,
        usage,
        CallMeters(runtime.metrics),
        runtime.log,
        new_id=uuid7,
        clock=runtime.clock,
        monotonic=runtime.monotonic,
    )
    upstreams, closing = _upstreams(runtime, settings)
    providers = {**upstreams, LOCAL: _local(runtime, queue)}
    book = ModelBook(
        models={each.name: each.models for each in settings.upstreams},
        defaults={each.name: each.default_model for each in settings.upstreams if each.default_model},
        aliases=settings.aliases,
        embedding_models=(MINILM,) if queue else (),
        priced=prices.serves,
    )
    catalog = ModelCatalog(book, providers, runtime.breakers, accounting, runtime.monotonic)
    endpoints = Endpoints(
        Completions(book, providers, runtime.breakers.get, accounting, _Retries(runtime).of),
        EmbeddingCalls(book, providers, queue or AbsentEmbedder(), runtime.breakers.get, accounting),
        catalog,
    )
    reports = UsageEndpoints(DatabaseUsageReports(runtime.database), runtime.clock)
    _tell_health(runtime, settings, catalog, queue)
    limit = runtime.settings.llm_body_limit_bytes
    return build_service(
        runtime,
        ServiceSpec(
            routes=[*endpoints.routes(), *reports.routes()],
            admin_routes=reports.admin_routes(),
            lifespan=(closing, lambda: _running(queue)),
            error_shapes=MODEL_API,
            body_limit=lambda _method, _path: limit,
        ),
    )


class _Retries:
    """One Retry per provider, so that each has a budget of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kept: dict[str, Retry] = {}

    def of(self, provider: str) -> Retry:
        """Return the provider's."""
        if provider not in self._kept:
            settings = self._runtime.settings
            self._kept[provider] = Retry(
                f"llm:{provider}",
                RetrySettings(
                    max_attempts=settings.retry_max_attempts,
                    base_s=settings.retry_initial_delay_ms / 1000,
                    cap_s=settings.retry_max_delay_ms / 1000,
                    growth=settings.retry_multiplier,
                ),
                monotonic=self._runtime.monotonic,
                meter=self._runtime.metrics,
                should_retry=lambda error: isinstance(error, ProviderFailure) and error.worth_a_retry,
            )
        return self._kept[provider]


def _upstreams(runtime: Runtime, settings: ProviderSettings) -> tuple[dict[str, Provider], Lifespan]:
    """Return the configured providers and what closes their connections at the end."""
    limits = runtime.settings
    timeouts = UpstreamTimeouts(
        connect_s=limits.connect_timeout_s,
        pool_wait_s=limits.pool_wait_s,
        first_byte_s=limits.provider_timeout_s,
        idle_s=limits.stream_idle_timeout_s,
    )
    found = {
        each.name: UpstreamProvider(
            each,
            format_of(each),
            UpstreamHttp(each.name, each.base_url, timeouts, pool_size=limits.provider_pool_size),
            runtime.clock,
        )
        for each in settings.upstreams
    }

    @asynccontextmanager
    async def closing() -> AsyncIterator[None]:
        yield
        for provider in found.values():
            await provider.close()

    return dict(found), closing


def _local(runtime: Runtime, queue: EmbeddingQueue | None) -> LocalProvider:
    degraded = runtime.metrics.counter("degraded_total", dependency="embeddings")
    embedder = CachedEmbedder(queue) if queue else None
    return LocalProvider(embedder, new_id=uuid7, clock=runtime.clock, on_degraded=degraded.inc)


def _queue(runtime: Runtime, folder: Path | None) -> EmbeddingQueue | None:
    if folder is None:
        return None
    length = runtime.metrics.gauge("embedding_queue_length")
    return EmbeddingQueue(
        lambda: WorkerProcess.start(folder),
        limits=QueueLimits(),
        monotonic=runtime.monotonic,
        sleep=asyncio.sleep,
        log=runtime.log,
        on_length=length.set,
    )


def _running(queue: EmbeddingQueue | None) -> AbstractAsyncContextManager[None]:
    return nullcontext() if queue is None else queue.run()


def _tell_health(
    runtime: Runtime, settings: ProviderSettings, catalog: ModelCatalog, queue: EmbeddingQueue | None
) -> None:
    """Name the active providers and the retrieval mode; a provider that is down degrades, never more."""
    health = runtime.health
    health.info["providers"] = ", ".join([*(each.name for each in settings.upstreams), LOCAL])
    health.info["embeddings"] = MINILM if queue else f"not installed ({INSTALL_LINE})"
    health.info["retrieval"] = "hybrid" if queue else "bm25"
    if queue is not None:
        health.add(Check("embeddings", queue.ping))
    for each in settings.upstreams:
        health.add(Check(f"llm:{each.name}", _provider_ping(catalog, each)))


def _provider_ping(catalog: ModelCatalog, upstream: UpstreamSettings) -> Callable[[], Awaitable[str | None]]:
    """Return a check that asks nobody: what is configured, and how past calls ended."""

    async def ping() -> str | None:
        if upstream.problem is not None:
            raise RuntimeError(upstream.problem)
        state = catalog.state(upstream.name)
        if state in _OUT_OF_ORDER:
            raise RuntimeError(_OUT_OF_ORDER[state])
        return None if state == "up" else state

    return ping

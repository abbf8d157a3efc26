"""The composition root of the model gateway."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from pathlib import Path

from wattos_platform.kernel.db.retention import DAY_S, Kept, Retention
from wattos_platform.kernel.error_shapes import MODEL_API
from wattos_platform.kernel.health import Check
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.reload import reload_route
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp, ServiceSpec, build_service
from wattos_platform.services.llm_gateway.accounting import Accounting
from wattos_platform.services.llm_gateway.adapters.configuration import read_configuration
from wattos_platform.services.llm_gateway.adapters.local_provider import LocalProvider
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger
from wattos_platform.services.llm_gateway.adapters.minilm.absent import AbsentEmbedder
from wattos_platform.services.llm_gateway.adapters.minilm.embedding_queue import EmbeddingQueue, QueueLimits
from wattos_platform.services.llm_gateway.adapters.minilm.guarded_embedder import WORKER, GuardedEmbedder
from wattos_platform.services.llm_gateway.adapters.minilm.model_files import INSTALL_LINE, find_model
from wattos_platform.services.llm_gateway.adapters.minilm.vector_cache import CachedEmbedder
from wattos_platform.services.llm_gateway.adapters.minilm.worker_process import WorkerProcess
from wattos_platform.services.llm_gateway.adapters.redis_ledger import RedisLedger
from wattos_platform.services.llm_gateway.adapters.spending import DatabaseSpending
from wattos_platform.services.llm_gateway.adapters.stream_journal import DatabaseStreamJournal
from wattos_platform.services.llm_gateway.adapters.upstreams import Upstreams
from wattos_platform.services.llm_gateway.adapters.usage_log import DatabaseUsageLog
from wattos_platform.services.llm_gateway.adapters.usage_reports import DatabaseUsageReports
from wattos_platform.services.llm_gateway.call_meters import CallMeter, CallMeters
from wattos_platform.services.llm_gateway.destinations import Destinations
from wattos_platform.services.llm_gateway.domain.models import MINILM
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable
from wattos_platform.services.llm_gateway.engine import EngineMaker
from wattos_platform.services.llm_gateway.gen_ai_meters import GenAiCallMeter
from wattos_platform.services.llm_gateway.live_engine import LiveEngine
from wattos_platform.services.llm_gateway.ports import Embedder
from wattos_platform.services.llm_gateway.quotas import Ledger
from wattos_platform.services.llm_gateway.routes import Endpoints
from wattos_platform.services.llm_gateway.running_streams import RunningStreams
from wattos_platform.services.llm_gateway.spending_routes import SpendingEndpoints
from wattos_platform.services.llm_gateway.usage_routes import UsageEndpoints


def create_app(runtime: Runtime) -> ServiceApp:
    """Return the service with the model that is installed on this machine."""
    return create_app_with(runtime, find_model())


def create_app_with(runtime: Runtime, model_folder: Path | None) -> ServiceApp:
    """Return the service; `model_folder` None is the mode without vectors.

    SettingsError when the configured providers cannot work.
    """
    read = partial(read_configuration, environ=runtime.environ)
    first = read(runtime.config)
    database = runtime.require_database()
    queue = _queue(runtime, model_folder)
    rows = DatabaseUsageLog(database, runtime.metrics)
    accounting = _accounting(runtime, first.prices, rows)
    streams = _streams(runtime)
    upstreams = Upstreams(runtime)
    maker = _maker(runtime, accounting, streams, upstreams, _guarded(runtime, queue))
    live = LiveEngine(runtime, maker, first, read=read)
    destinations = Destinations(live, runtime.clock)
    reports = UsageEndpoints(DatabaseUsageReports(database), runtime.clock)
    _tell_of_vectors(runtime, queue)
    limit = runtime.settings.llm_body_limit_bytes
    return build_service(
        runtime,
        ServiceSpec(
            routes=[*Endpoints(live, destinations).routes(), *reports.routes()],
            admin_routes=[
                *reports.admin_routes(),
                *SpendingEndpoints(live, maker.caps, destinations).admin_routes(),
                reload_route(runtime, live.apply),
            ],
            lifespan=[
                streams.running,
                upstreams.running,
                maker.running,
                lambda: _running(queue),
                _retention(runtime, rows).running,
            ],
            error_shapes=MODEL_API,
            body_limit=lambda _method, _path: limit,
        ),
    )


def _maker(
    runtime: Runtime,
    accounting: Accounting,
    streams: RunningStreams,
    upstreams: Upstreams,
    embedder: Embedder | None,
) -> EngineMaker:
    return EngineMaker(
        runtime,
        accounting,
        streams,
        upstreams=upstreams,
        local=_local(runtime, embedder),
        embedder=embedder or AbsentEmbedder(),
        embedding_models=(MINILM,) if embedder else (),
        ledger=_ledger(runtime),
    )


def _streams(runtime: Runtime) -> RunningStreams:
    journal = DatabaseStreamJournal(runtime.require_database(), runtime.replica, runtime.log)
    return RunningStreams(journal, runtime.log, new_id=uuid7)


def _retention(runtime: Runtime, rows: DatabaseUsageLog) -> Retention:
    return Retention(
        [Kept("usage", runtime.settings.usage_retention_days * DAY_S, rows.purge)],
        clock=runtime.clock,
        sleep=asyncio.sleep,
        log=runtime.log,
    )


def _accounting(runtime: Runtime, prices: PriceTable, rows: DatabaseUsageLog) -> Accounting:
    return Accounting(
        prices,
        rows,
        CallMeters(runtime.metrics, GenAiCallMeter if runtime.settings.otel_genai else CallMeter),
        runtime.log,
        new_id=uuid7,
        clock=runtime.clock,
        monotonic=runtime.monotonic,
    )


def _ledger(runtime: Runtime) -> Ledger:
    spent = DatabaseSpending(runtime.require_database(), runtime.clock).spent
    local = MemoryLedger(spent, runtime.monotonic)
    return local if runtime.redis is None else RedisLedger(runtime.redis, spent, local)


def _local(runtime: Runtime, embedder: Embedder | None) -> LocalProvider:
    vectors = runtime.degradations.of("embeddings", "Sentences are chosen by their words alone.")
    cached = CachedEmbedder(embedder) if embedder else None
    return LocalProvider(cached, new_id=uuid7, clock=runtime.clock, vectors=vectors)


def _guarded(runtime: Runtime, queue: EmbeddingQueue | None) -> Embedder | None:
    if queue is None:
        return None
    breakers = runtime.breakers
    return GuardedEmbedder(queue, breakers.declare(WORKER, breakers.settings.nearby()))


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


def _tell_of_vectors(runtime: Runtime, queue: EmbeddingQueue | None) -> None:
    health = runtime.health
    health.info["embeddings"] = MINILM if queue else f"not installed ({INSTALL_LINE})"
    health.info["retrieval"] = "hybrid" if queue else "bm25"
    if queue is not None:
        health.add(Check("embeddings", queue.ping))

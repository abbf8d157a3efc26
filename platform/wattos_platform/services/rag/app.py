"""The composition root of rag: which adapter stands behind which port."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.types import ASGIApp

from wattos_platform.kernel.background import in_background
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceSpec, build_service
from wattos_platform.services.rag.adapters.chunks import SqlChunks
from wattos_platform.services.rag.adapters.documents import SqlDocuments
from wattos_platform.services.rag.adapters.embedding_hop import HopEmbedder
from wattos_platform.services.rag.adapters.jobs import SqlJobs
from wattos_platform.services.rag.adapters.lazy_vectors import LazyMatrices
from wattos_platform.services.rag.adapters.parser_process import ParserProcess
from wattos_platform.services.rag.adapters.passages import SqlPassages
from wattos_platform.services.rag.adapters.spaces import SqlSpaces
from wattos_platform.services.rag.adapters.uploads import UploadFolder
from wattos_platform.services.rag.adapters.vectors import SqlVectors
from wattos_platform.services.rag.domain.records import Job
from wattos_platform.services.rag.ingestion import Ingestion
from wattos_platform.services.rag.knowledge import Knowledge
from wattos_platform.services.rag.retrieval import Searcher, vectors_failed
from wattos_platform.services.rag.routes import Endpoints
from wattos_platform.services.rag.worker import EMBEDDING, READING, Worker

DEFAULT_MODEL = "wattos-minilm"
# Boundaries and part headers around the file itself.
FORM_OVERHEAD_BYTES = 16_384
# A younger upload may be one that another replica is receiving.
ORPHAN_AGE_S = 3600.0
SEARCH_TTL_S = 300.0
MEASURE_EVERY_S = 5.0


class Rag:
    """The service's parts, made from a runtime."""

    def __init__(self, runtime: Runtime, preparer: ParserProcess) -> None:
        database, clock, log = runtime.require_database(), runtime.clock, runtime.log
        slot = f"{socket.gethostname()}/rag-{runtime.replica}"
        folder = runtime.settings.data_dir / "rag"
        self._log = log
        self._runtime = runtime
        self.queue = SqlJobs(database, slot, f"{os.getpid()}-{uuid7()}", clock)
        self.uploads = UploadFolder(folder / "uploads")
        self.documents = SqlDocuments(database, clock)
        self.vectors = SqlVectors(database, self.queue)
        self.preparer = preparer
        self.embedder = HopEmbedder(runtime.hops.to("llm-gateway"), runtime.monotonic)
        spaces = SqlSpaces(database, clock)
        ingestion = Ingestion(
            queue=self.queue,
            spaces=spaces,
            chunks=SqlChunks(database, self.queue, clock),
            vectors=self.vectors,
            preparer=self.preparer,
            embedder=self.embedder,
            upload_of=self.uploads.path_of,
            default_model=DEFAULT_MODEL,
            metrics=runtime.metrics,
            log=log,
        )
        self.embedding = Worker(EMBEDDING, self.queue, ingestion, log, may_run=self.embedder.available)
        self.reading = Worker(READING, self.queue, ingestion, log, done=self._read)
        self.matrices = LazyMatrices(self.vectors, folder / "vectors")
        searcher = Searcher(
            passages=SqlPassages(database),
            vectors=self.matrices,
            embedder=self.embedder,
            cache=runtime.cache("rag-search", SEARCH_TTL_S),
            vector=runtime.degradations.of("vector", "Searching by words alone.", vectors_failed),
            metrics=runtime.metrics,
            monotonic=runtime.monotonic,
        )
        knowledge = Knowledge(spaces, self.documents, self.uploads, wake=self.reading.wake, clock=clock)
        self.endpoints = Endpoints(knowledge, searcher)

    def _read(self, _job: Job) -> None:
        self.embedding.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take up what a dead process left, then work in the background for as long as the block lasts."""
        resumed = await self.queue.take_back()
        if resumed:
            self._log.info("jobs.resumed", message="Work of a process that ended is taken up.", jobs=resumed)
        await self._sweep()
        measuring = in_background(self._measure, "rag-measure", self._log)
        try:
            async with measuring, self.reading.running(), self.embedding.running():
                yield
        finally:
            await self.preparer.close()
            self.matrices.close()

    async def _sweep(self) -> None:
        """Remove uploads that were read before their process ended, and old ones without a document."""
        now = self._runtime.clock()
        there, old = self.uploads.older_than(now), set(self.uploads.older_than(now - ORPHAN_AGE_S))
        awaiting = await self.documents.awaiting(there) if there else dict[str, bool]()
        for document_id in there:
            if not awaiting.get(document_id, document_id not in old):
                self.uploads.path_of(document_id).unlink(missing_ok=True)

    async def _measure(self) -> None:
        """Keep the queue's gauges and what /health tells of the retrieval mode up to date."""
        length = self._runtime.metrics.gauge("rag_jobs_queued")
        age = self._runtime.metrics.gauge("rag_oldest_job_age_seconds")
        while True:
            with suppress(DatabaseUnavailableError):  # readiness says so already
                count, oldest_s = await self.queue.backlog()
                length.set(count)
                age.set(oldest_s)
            self._runtime.health.info["retrieval"] = self.embedder.retrieval()
            await asyncio.sleep(MEASURE_EVERY_S)

    async def kpi(self) -> dict[str, Any]:
        """Return the service's own figures."""
        waiting = await self.queue.waiting()
        return {"jobs_queued": waiting, "chunks_without_vector": await self.vectors.lagging()}


def create_app(runtime: Runtime) -> ASGIApp:
    """Return the knowledge service."""
    return create_app_with(runtime, ParserProcess())


def create_app_with(runtime: Runtime, preparer: ParserProcess) -> ASGIApp:
    """Return the knowledge service, which reads documents with `preparer`, and closes it."""
    rag = Rag(runtime, preparer)
    settings = runtime.settings

    def body_limit(method: str, path: str) -> int:
        is_upload = method == "POST" and path.endswith("/documents")
        return settings.upload_limit_bytes + FORM_OVERHEAD_BYTES if is_upload else settings.body_limit_bytes

    spec = ServiceSpec(
        routes=rag.endpoints.routes(), lifespan=[rag.running], body_limit=body_limit, kpi=rag.kpi
    )
    return build_service(runtime, spec)

"""The steps of background work; each is committed under the job's lease and can be repeated."""

from collections.abc import Callable
from pathlib import Path

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.context import background
from wattos_platform.kernel.telemetry import Log, Meter
from wattos_platform.services.rag.domain.records import Document, Job
from wattos_platform.services.rag.ports import (
    ChunkStore,
    DocumentRefusedError,
    Embedder,
    EmbeddingsDownError,
    EmbeddingsMissingError,
    JobQueue,
    MixedEmbeddingsError,
    Preparer,
    SpaceStore,
    VectorStore,
)

MAX_ATTEMPTS = 5
# A question waits for the batch at hand: eight passages take the local model about half a second.
EMBED_BATCH = 8
EMBED_TIMEOUT_S = 60.0
_RETRY_S = 5.0


class Ingestion:
    """What the workers do with a job of each kind."""

    def __init__(
        self,
        *,
        queue: JobQueue,
        spaces: SpaceStore,
        chunks: ChunkStore,
        vectors: VectorStore,
        preparer: Preparer,
        embedder: Embedder,
        upload_of: Callable[[str], Path],
        default_model: str,
        metrics: Meter,
        log: Log,
    ) -> None:
        self._queue = queue
        self._spaces = spaces
        self._chunks = chunks
        self._vectors = vectors
        self._preparer = preparer
        self._embedder = embedder
        self._upload_of = upload_of
        self._default_model = default_model
        self._metrics = metrics
        self._log = log

    async def run(self, job: Job) -> None:
        """Do the job as far as it goes; LeaseLostError when it is not this process's any more."""
        with background(Identity(job.tenant, job.user, (), "rag"), job.request_id):
            if job.kind == "ingest":
                await self._ingest(job)
            elif job.kind == "embed":
                await self._embed(job)
            elif job.kind == "purge":
                self._remove_upload(job.subject)
                await self._chunks.purge(job)
            else:
                await self._chunks.purge_space(job, self._remove_upload)

    async def fail(self, job: Job, error: Exception) -> None:
        """Give a job that raised back for another attempt, or fail its document when there were too many."""
        if job.kind == "ingest" and job.attempts >= MAX_ATTEMPTS:
            await self._refuse(job, "reading it failed several times; the log of rag has the reason")
        else:
            await self._queue.release(job, delay_s=_RETRY_S * 2 ** min(job.attempts, 6))
        self._log.error(
            "job.failed",
            message=f"Background work {job.kind} raised.",
            document_id=job.subject,
            exc_info=error,
        )

    async def _ingest(self, job: Job) -> None:
        if job.attempts > MAX_ATTEMPTS:
            await self._refuse(job, "reading it ended the service several times")
            return
        document = await self._chunks.begin(job)
        space = await self._spaces.of(document)
        upload = self._upload_of(document.id)
        if not upload.exists():
            await self._refuse(job, "the uploaded file is gone from the data folder; upload it again")
            return
        try:
            prepared = await self._preparer.prepare(upload, document.media_type, space.chunking, space.redact)
        except DocumentRefusedError as error:
            await self._refuse(job, str(error), detail=getattr(error, "detail", None))
            return
        await self._chunks.store(job, document, prepared)
        self._remove_upload(document.id)
        self._metrics.counter("rag_documents_total", status="ready").inc()
        self._log.info(
            "document.ingested",
            message=f"{len(prepared.chunks)} chunks can be found.",
            document_id=document.id,
            chunks=len(prepared.chunks),
        )

    async def _refuse(self, job: Job, reason: str, detail: str | None = None) -> None:
        await self._chunks.fail(job, reason)
        self._remove_upload(job.subject)
        self._metrics.counter("rag_documents_total", status="failed").inc()
        self._log.warning("document.refused", message=reason, document_id=job.subject, detail=detail)

    def _remove_upload(self, document_id: str) -> None:
        self._upload_of(document_id).unlink(missing_ok=True)

    async def _embed(self, job: Job) -> None:
        document = await self._vectors.document(job)
        if document is None:
            await self._vectors.finish(job)
            return
        space = await self._spaces.of(document)
        model = space.embedding_model or self._default_model
        try:
            while await self._embed_batch(job, document, model):
                continue
        except (EmbeddingsMissingError, EmbeddingsDownError):
            # The vectors lag; the worker asks for no such job until the model may be back.
            await self._queue.release(job, delay_s=_RETRY_S, forgive=True)
            return
        except MixedEmbeddingsError as error:
            self._log.error(
                "embedding.refused", message=str(error), document_id=document.id, space_id=space.id
            )
        await self._vectors.finish(job)

    async def _embed_batch(self, job: Job, document: Document, model: str) -> bool:
        batch = await self._vectors.missing(document, EMBED_BATCH)
        if not batch:
            return False
        # The headings above a passage say what it is about; the vector should know.
        texts = [f"{heading}\n{text}" if heading else text for _, heading, text in batch]
        made = await self._embedder.embed(texts, model, timeout_s=EMBED_TIMEOUT_S)
        await self._vectors.add(job, document, model, [key for key, _, _ in batch], made)
        return True

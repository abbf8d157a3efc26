"""The queue before the embedding worker: bounded, fair, with time-out, restart and back-off."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wattos_platform.kernel.background import in_background
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.llm_gateway.ports import Embeddings

_LONGEST_BACK_OFF_S = 30.0
_FIRST_BACK_OFF_S = 0.25
_WORTH_WAITING_S = 1.0
_ATTEMPTS = 2


class EmbeddingsBusyError(ServiceError):
    """The queue is full: 503. The worker was not asked, so no breaker counts it."""

    breaker_ignores = True

    def __init__(self) -> None:
        super().__init__(
            503,
            "embeddings_busy",
            "Too many texts wait for the local embedding model.",
            headers=retry_after(1),
        )


class Worker(Protocol):
    """What the queue asks of a running worker."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of `texts`; WorkerFailed when it cannot."""

    async def stop(self) -> None:
        """End after what is running."""

    async def kill(self) -> None:
        """End at once."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Bounds of the queue. A slice is what the worker gets at once; jobs take turns slice by slice."""

    waiting_texts: int = 8192
    slice_texts: int = 16
    slice_timeout_s: float = 30.0


@dataclass(slots=True)
class _Job:
    texts: Sequence[str]
    done: asyncio.Future[Embeddings]
    at: int = 0
    attempts: int = 0
    rows: list[bytes] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)


class EmbeddingQueue:
    """An Embedder over one worker process, which starts when it is first needed.

    Jobs take turns, so that a question never waits behind a whole document. A worker that dies or exceeds
    the time-out is replaced after a growing wait; the slice at hand is tried once more.
    """

    def __init__(
        self,
        start_worker: Callable[[], Awaitable[Worker]],
        *,
        limits: QueueLimits,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        log: Log,
        on_length: Callable[[int], None] = lambda _length: None,
    ) -> None:
        self._start_worker = start_worker
        self._limits = limits
        self._monotonic = monotonic
        self._sleep = sleep
        self._log = log
        self._on_length = on_length
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._some = asyncio.Event()
        self._worker: Worker | None = None
        self._failures = 0
        self._not_before = 0.0

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of `texts`; 503 when the queue is full or the worker cannot be had."""
        if self._waiting + len(texts) > self._limits.waiting_texts:
            raise EmbeddingsBusyError
        job = _Job(texts, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self._count(len(texts))
        self._some.set()
        try:
            return await job.done
        finally:
            self._count(job.at - len(texts))

    async def ping(self) -> str | None:
        """Return nothing while the worker runs or has not been needed; raise while it keeps failing."""
        if self._failures:
            raise RuntimeError(f"the embedding worker failed {self._failures} times in a row")
        return None if self._worker else "starts on first use"

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serve the queue for as long as the block lasts; the worker ends with it."""
        try:
            async with in_background(self._serve, "embedding-queue", self._log, sleep=self._sleep):
                yield
        finally:
            for job in self._jobs:
                _fail(job, _shutting_down())
            if self._worker is not None:
                await self._worker.stop()

    def _count(self, change: int) -> None:
        self._waiting += change
        self._on_length(self._waiting)

    async def _serve(self) -> None:
        while True:
            if not self._jobs:
                self._some.clear()
                await self._some.wait()
                continue
            job = self._jobs.popleft()
            if job.done.done():
                continue
            try:
                await self._advance(job)
            except asyncio.CancelledError:
                _fail(job, _shutting_down())
                raise
            except Exception:
                # Nobody else knows the job any more: whoever asked would wait until the deadline.
                _fail(job, _failed())
                raise

    async def _advance(self, job: _Job) -> None:
        """Do the job's next slice and put it back at the end of the line if more is left."""
        size = min(self._limits.slice_texts, len(job.texts) - job.at)
        try:
            part = await self._slice(job.texts[job.at : job.at + size])
        except ServiceError as error:
            _fail(job, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it was: a queue whose task ended would hang all
            await self._lose_worker(error)
            job.attempts += 1
            if job.attempts < _ATTEMPTS:
                self._jobs.appendleft(job)
            else:
                _fail(job, _failed())
            return
        self._failures = 0
        job.at += size
        self._count(-size)
        job.rows.append(part.data)
        job.tokens.extend(part.tokens)
        if job.at < len(job.texts):
            self._jobs.append(job)
        elif not job.done.done():
            job.done.set_result(Embeddings(b"".join(job.rows), part.width, job.tokens))

    async def _slice(self, texts: Sequence[str]) -> Embeddings:
        if self._worker is None:
            wait = self._not_before - self._monotonic()
            if wait > _WORTH_WAITING_S:
                raise _unavailable("The local embedding model is restarting.", wait)
            if wait > 0:
                await self._sleep(wait)
            self._worker = await self._start_worker()
        async with asyncio.timeout(self._limits.slice_timeout_s):
            return await self._worker.embed(texts)

    async def _lose_worker(self, error: Exception) -> None:
        worker, self._worker = self._worker, None
        self._failures += 1
        wait = min(_FIRST_BACK_OFF_S * 2 ** (self._failures - 1), _LONGEST_BACK_OFF_S)
        self._not_before = self._monotonic() + wait
        self._log.warning(
            "embedding_worker.lost",
            message="The embedding worker is replaced.",
            reason=str(error) or type(error).__name__,
            restart_in_s=wait,
        )
        if worker is not None:
            await worker.kill()


def _fail(job: _Job, error: ServiceError) -> None:
    if not job.done.done():
        job.done.set_exception(error)


def _failed() -> ServiceError:
    return _unavailable("The local embedding model failed.", 2)


def _shutting_down() -> ServiceError:
    return _unavailable("The service is shutting down.", 1)


def _unavailable(message: str, wait_s: float) -> ServiceError:
    return ServiceError(503, "embeddings_unavailable", message, headers=retry_after(wait_s))

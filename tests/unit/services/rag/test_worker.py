"""The loop over jobs outlives what breaks it off, and says what that was."""

import asyncio
from collections.abc import Sequence

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog
from wattos_platform.services.rag.domain.records import Job
from wattos_platform.services.rag.worker import READING, Worker


class Queue:
    """Gives what it was made of, an error by raising it; `empty` is set when nothing is left."""

    def __init__(self, *claims: Job | Exception) -> None:
        self._claims = list(claims)
        self.empty = asyncio.Event()

    async def claim(self, kinds: Sequence[str]) -> Job | None:
        if not self._claims:
            self.empty.set()
            return None
        claim = self._claims.pop(0)
        if isinstance(claim, Exception):
            raise claim
        return claim


class Ingestion:
    """Runs jobs; what makes one fail, if `errors` has something for it, cannot even be stored."""

    def __init__(self, **errors: Exception) -> None:
        self._errors = errors
        self.ran: list[str] = []

    async def run(self, job: Job) -> None:
        self.ran.append(job.subject)
        if job.subject in self._errors:
            raise self._errors[job.subject]

    async def fail(self, job: Job, error: Exception) -> None:
        raise RuntimeError(f"cannot store why {job.subject} failed: {error}")


def job(subject: str) -> Job:
    return Job(1, "ingest", subject, "t", "u", "r", 1)


async def worked(queue: Queue, ingestion: Ingestion) -> FakeLog:
    """Let a worker go on until nothing is left, stop it, and return its log."""
    log = FakeLog()
    worker = Worker(READING, queue, ingestion, log, sleep=FakeClock().sleep)
    async with asyncio.timeout(60), worker.running():
        await queue.empty.wait()
    return log


async def test_a_queue_that_fails_is_told_and_asked_again() -> None:
    ingestion = Ingestion()
    log = await worked(Queue(job("a"), KeyError("no such column"), job("b")), ingestion)
    assert ingestion.ran == ["a", "b"]
    assert log.failures() == [("rag-worker:ingest", "'no such column'")]


async def test_a_failure_that_cannot_be_stored_is_told_and_the_next_job_runs() -> None:
    ingestion = Ingestion(a=ValueError("no text"))
    log = await worked(Queue(job("a"), job("b")), ingestion)
    assert ingestion.ran == ["a", "b"]
    assert log.failures() == [("rag-worker:ingest", "cannot store why a failed: no text")]


async def test_a_normal_stop_is_silent() -> None:
    ingestion = Ingestion()
    log = await worked(Queue(job("a")), ingestion)
    assert (ingestion.ran, log.events) == (["a"], [])

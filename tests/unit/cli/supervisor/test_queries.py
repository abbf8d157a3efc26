"""Queries in processes of their own: started when needed, kept, replaced, ended, never too many."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from wattos_cli.metricstore.api.replies import Reply
from wattos_cli.supervisor.children import Child
from wattos_cli.supervisor.queries import frames
from wattos_cli.supervisor.queries.pool import Queries
from wattos_cli.supervisor.queries.worker import serve


class Workers:
    """Runs the worker's loop in threads; a query named `wait` waits until the test is over."""

    def __init__(self, idle_s: float = 30.0) -> None:
        self.idle_s = idle_s
        self.started = 0
        self.over = threading.Event()
        self.threads: list[threading.Thread] = []

    def answer(self, path: str, parameters: frames.Parameters) -> Reply:
        if path == "wait":
            self.over.wait()
        if path == "memory":
            raise MemoryError
        if path == "die":
            raise ConnectionAbortedError
        return Reply(HTTPStatus.OK, f"{path} {dict(parameters)}".encode())

    async def spawn(self, descriptor: int) -> Child:
        self.started += 1
        connection = socket.socket(fileno=os.dup(descriptor))
        thread = threading.Thread(target=self._serve, args=(connection,))
        thread.start()
        self.threads.append(thread)
        gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        gone.set_result(0)
        return Child(0, 0, gone)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                serve(self, connection, self.idle_s)
            except OSError:
                return  # the other side does not wait any more


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.over.set()
    for thread in made.threads:
        thread.join()


async def test_a_process_is_kept_for_the_next_query(workers: Workers) -> None:
    queries = Queries(workers.spawn)
    for number in ("1", "2"):
        reply = await queries.answer("/api", {"n": [number]})
        assert reply == Reply(HTTPStatus.OK, f"/api {{'n': ['{number}']}}".encode())
    assert workers.started == 1
    queries.close()


async def test_one_that_was_idle_too_long_is_replaced(workers: Workers) -> None:
    workers.idle_s = 0.01
    queries = Queries(workers.spawn)
    await queries.answer("/api", {})
    workers.threads[0].join()
    assert (await queries.answer("/api", {})).status == 200
    assert workers.started == 2
    queries.close()


async def test_a_query_that_takes_too_long_is_ended_and_others_go_on(workers: Workers) -> None:
    queries = Queries(workers.spawn, timeout_s=1.0)
    slow = asyncio.create_task(queries.answer("wait", {}))
    await asyncio.sleep(0)
    assert (await queries.answer("/api", {})).status == 200
    reply = await slow
    assert reply.status == 503
    assert b'"errorType": "timeout", "error": "the query was not answered within 1 s"' in reply.body
    assert (await queries.answer("/api", {})).status == 200
    queries.close()


@pytest.mark.parametrize("wanted", ["0.05", "50ms"])
async def test_who_asks_may_want_to_wait_less(workers: Workers, wanted: str) -> None:
    queries = Queries(workers.spawn)
    reply = await queries.answer("wait", {"timeout": [wanted]})
    assert (reply.status, b"within 0.05 s" in reply.body) == (503, True)
    queries.close()


@pytest.mark.parametrize("wanted", ["soon", "0", "-1s", "nan"])
async def test_a_wrong_time_to_wait_is_told(workers: Workers, wanted: str) -> None:
    reply = await Queries(workers.spawn).answer("/api", {"timeout": [wanted]})
    assert (reply.status, b'invalid parameter \\"timeout\\"' in reply.body) == (400, True)
    assert workers.started == 0


async def test_two_at_a_time_and_no_more_than_64_wait(workers: Workers) -> None:
    queries = Queries(workers.spawn)
    waiting = [asyncio.create_task(queries.answer("wait", {})) for _ in range(64)]
    while workers.started < 2:
        await asyncio.sleep(0)
    refused = await queries.answer("/api", {})
    assert (refused.status, b"64 queries are waiting" in refused.body) == (503, True)
    assert workers.started == 2
    workers.over.set()
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {200}
    queries.close()


async def test_a_query_that_needs_too_much_memory_is_told(workers: Workers) -> None:
    queries = Queries(workers.spawn)
    reply = await queries.answer("memory", {})
    assert (reply.status, b"too much memory" in reply.body) == (422, True)
    assert (await queries.answer("/api", {})).status == 200
    assert workers.started == 1
    queries.close()


async def test_a_query_that_ends_its_process_is_told_and_not_tried_again(workers: Workers) -> None:
    queries = Queries(workers.spawn)
    reply = await queries.answer("die", {})
    assert (reply.status, b"ended its process" in reply.body) == (500, True)
    assert workers.started == 1


async def test_a_process_that_cannot_be_started_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    async def spawn(_: int) -> Child:
        raise OSError(12, "Cannot allocate memory")

    reply = await Queries(spawn).answer("/api", {})
    assert (reply.status, b"Cannot allocate memory" in reply.body) == (503, True)
    assert "query.failed" in capsys.readouterr().err

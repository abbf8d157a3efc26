"""What the client of a journey does with answers of every kind, whichever engine it belongs to."""

import asyncio
import os
import resource
import ssl as tls
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import SSLContext
from typing import Any

import pytest

from tests.fakes.network.certificates import self_signed
from tests.fakes.network.scripted_server import Script, ScriptedServer
from wattos_cli.loadtest.fast.client import FastClient
from wattos_cli.loadtest.fast.connector import Connector
from wattos_cli.loadtest.journey import CallError, Client, Patience
from wattos_cli.loadtest.locust_side.client import LocustClient, driven
from wattos_cli.loadtest.measuring.collector import Observed

PATIENCE = Patience(connect_s=30.0, answer_s=30.0, silence_s=30.0)
HASTE = Patience(connect_s=30.0, answer_s=0.3, silence_s=0.3)
"""For answers that never come."""
OK = b"HTTP/1.1 200 OK\r\nTraceparent: 00-abc-def-01\r\ncontent-length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
Do = Callable[[Client], Coroutine[Any, Any, Any]]
Act = Callable[[Do], Awaitable[Any]]


class Fast:
    """The client of the fast engine, in this loop."""

    @asynccontextmanager
    async def at(self, url: str, seen: list[Observed], patience: Patience) -> AsyncIterator[Act]:
        connector = Connector(url, patience)
        client = FastClient(connector, "wk_1", seen.append)
        watching = asyncio.create_task(connector.watch())
        yield lambda do: do(client)
        watching.cancel()
        client.close()


class Locust:
    """The client under Locust, in a thread of its own: it blocks."""

    @asynccontextmanager
    async def at(self, url: str, seen: list[Observed], patience: Patience) -> AsyncIterator[Act]:
        def fire(**given: Any) -> None:
            seen.append(
                Observed(
                    f"{given['request_type']} {given['name']}",
                    0.0,
                    given["response_time"],
                    given["response"].status_code,
                    str(given["exception"] or ""),
                    **given["context"],
                )
            )

        client = LocustClient(url, "wk_1", fire, patience)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as thread:  # one for all calls: gevent has a loop for each thread
            yield lambda do: loop.run_in_executor(thread, lambda: driven(do(client)))
            thread.submit(client.close)


@pytest.fixture(params=[Fast(), Locust()], ids=["fast", "locust"])
def engine(request: pytest.FixtureRequest) -> Fast | Locust:
    chosen: Fast | Locust = request.param
    return chosen


class Scene:
    """A scripted server and a client before it."""

    def __init__(self, server: ScriptedServer, act: Act, seen: list[Observed]) -> None:
        self.server = server
        self.act = act
        self.seen = seen

    async def get(self, count: int = 1) -> Observed:
        for _ in range(count):
            await self.act(lambda client: client.request("GET", "/x?id=1", name="/x"))
        return self.seen[-1]

    async def stream(self) -> tuple[Observed, list[bytes]]:
        lines: list[bytes] = []

        async def read(client: Client) -> None:
            async with client.stream("POST", "/s", json={"a": 1}) as stream:
                async for line in stream.lines():
                    lines.append(line)
                    if line.startswith(b"token"):
                        stream.token()

        await self.act(read)
        return self.seen[-1], lines


@asynccontextmanager
async def scene(
    engine: Fast | Locust,
    *scripts: Script,
    close_after: int | None = None,
    ssl: SSLContext | None = None,
    patience: Patience = PATIENCE,
) -> AsyncIterator[Scene]:
    server = ScriptedServer(*scripts, close_after=close_after)
    port = await server.start(ssl)
    seen: list[Observed] = []
    async with engine.at(f"{'https' if ssl else 'http'}://127.0.0.1:{port}", seen, patience) as act:
        yield Scene(server, act, seen)
    await server.stop()


@pytest.fixture
def high_descriptors() -> Iterator[None]:
    """All descriptors below 1024 are taken, as in a generator of a thousand users."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    while taken[-1] < 1024:
        taken.append(os.dup(taken[0]))
    yield
    for each in taken:
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def silence(_reader: StreamReader, _writer: StreamWriter) -> None:
    await asyncio.sleep(1.5)


async def reset(_reader: StreamReader, writer: StreamWriter) -> None:
    writer.transport.abort()


def then_closed(data: bytes) -> Script:
    async def script(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return script


def in_pieces(data: bytes, size: int) -> Script:
    async def script(_reader: StreamReader, writer: StreamWriter) -> None:
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await writer.drain()
            await asyncio.sleep(0)

    return script


WHOLE = {
    "a length": OK,
    "byte by byte": in_pieces(OK, 1),
    "chunked": CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    "ends with its connection": then_closed(b"HTTP/1.1 200 OK\r\n\r\n{}"),
    "an interim answer before": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
}


@pytest.mark.parametrize("script", WHOLE.values(), ids=WHOLE)
async def test_whole_answers(engine: Fast | Locust, script: Script) -> None:
    async with scene(engine, script) as here:
        answer = await here.act(lambda client: client.request("POST", "/x", json={"a": 1}))
    assert (answer.status, answer.json()) == (200, {})
    (seen,) = here.seen
    assert (seen.name, seen.status, seen.error) == ("POST /x", 200, "")
    (request,) = here.server.requests
    assert request.startswith(b"POST /x HTTP/1.1\r\n")
    assert b"uthorization: Bearer wk_1\r\n" in request
    assert request.endswith(b'\r\n\r\n{"a":1}')


BROKEN = {
    "closed before an answer": (then_closed(b""), ""),
    "reset": (reset, ""),
    "a short body": (then_closed(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"), ""),
    "a chunk is missing": (then_closed(CHUNKED + b"3\r\nabc\r\n"), ""),
    "half a head": (then_closed(b"HTTP/1.1 200 OK\r\ncontent-le"), ""),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ""),
    "silence": (silence, "no whole answer within 0.3 s"),
}


@pytest.mark.parametrize(("script", "reason"), BROKEN.values(), ids=BROKEN)
async def test_what_is_no_whole_answer_is_none(engine: Fast | Locust, script: Script, reason: str) -> None:
    async with scene(engine, script, patience=HASTE if script is silence else PATIENCE) as here:
        seen = await here.get()
    assert seen.status == 0
    assert seen.error
    assert reason in seen.error


async def test_nobody_listens(engine: Fast | Locust) -> None:
    async with scene(engine, OK) as here:
        await here.server.stop()
        seen = await here.get()
    assert seen.status == 0
    assert "ConnectionRefusedError" in seen.error


@pytest.mark.usefixtures("high_descriptors")
async def test_one_of_a_thousand_users_keeps_its_connection_too(engine: Fast | Locust) -> None:
    async with scene(engine, OK) as here:
        assert (await here.get(count=3)).status == 200
    assert here.server.connections == 1


async def test_a_connection_is_kept_and_its_answers_are_told_apart(engine: Fast | Locust) -> None:
    async with scene(engine, OK, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", OK) as here:
        assert [(await here.get()).status for _ in range(3)] == [200, 404, 200]
    assert here.server.connections == 1
    assert [seen.error for seen in here.seen] == ["", "HTTP 404", ""]
    assert {seen.trace_id for seen in here.seen} == {"abc", ""}


async def test_a_kept_connection_that_was_closed_is_no_failure(engine: Fast | Locust) -> None:
    async with scene(engine, OK, close_after=1) as here:
        for _ in range(3):
            assert (await here.get()).error == ""
            await here.server.closed.wait()
    assert here.server.connections == 3


async def test_after_a_failure_goes_on_with_a_new_connection(engine: Fast | Locust) -> None:
    async with scene(engine, OK, then_closed(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")) as here:
        errors = [(await here.get()).error for _ in range(3)]
    assert [bool(error) for error in errors] == [False, True, False]


async def test_a_call_is_not_measured(engine: Fast | Locust) -> None:
    refused = b'HTTP/1.1 409 Conflict\r\ncontent-length: 20\r\n\r\n{"message": "taken"}'
    async with scene(engine, OK, refused) as here:
        assert await here.act(lambda client: client.call("GET", "/x")) == {}
        with pytest.raises(CallError, match="HTTP 409") as caught:
            await here.act(lambda client: client.call("GET", "/x"))
    assert caught.value.status == 409
    assert here.seen == []


async def test_what_cannot_be_asked_is_a_failure(engine: Fast | Locust) -> None:
    async with scene(engine, OK) as here:
        await here.act(lambda client: client.request("GET", "/a b\r\nx: y"))
    assert here.server.requests == []
    assert here.seen[0].status == 0
    assert here.seen[0].error


STREAM = CHUNKED + b"6\r\nhead\r\n\r\n8\r\ntoken a\n\r\n10\r\ntoken b\nlast one\r\n0\r\n\r\n"


@pytest.mark.parametrize("script", [STREAM, in_pieces(STREAM, 1)], ids=["at once", "byte by byte"])
async def test_streams_come_line_by_line(engine: Fast | Locust, script: Script) -> None:
    async with scene(engine, script) as here:
        seen, lines = await here.stream()
        await here.stream()
    assert lines == [b"head", b"token a", b"token b", b"last one"]
    assert (seen.name, seen.status, seen.error, seen.tokens) == ("POST /s", 200, "", 2)
    assert seen.ttft_ms is not None
    assert seen.latency_ms is not None
    assert 0 < seen.ttft_ms <= seen.latency_ms
    assert len(seen.itl_ms) == 1
    assert here.server.connections == 1  # read to its end, a connection is kept


BROKEN_STREAMS = {
    "breaks off": (then_closed(CHUNKED + b"8\r\ntoken a\n\r\n"), PATIENCE),
    "falls silent": (in_pieces(CHUNKED + b"8\r\ntoken a\n\r\n", 1000), HASTE),
}


@pytest.mark.parametrize(("script", "patience"), BROKEN_STREAMS.values(), ids=BROKEN_STREAMS)
async def test_a_stream_that_ends_early_is_a_failure(
    engine: Fast | Locust, script: Script, patience: Patience
) -> None:
    async with scene(engine, script, patience=patience) as here:
        seen, lines = await here.stream()
    assert lines == [b"token a"]
    assert (seen.status, seen.tokens) == (200, 1)
    assert seen.error.startswith("the stream broke off: ")


async def test_a_refused_stream_is_a_failure_with_its_status(engine: Fast | Locust) -> None:
    async with scene(engine, b"HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n") as here:
        seen, lines = await here.stream()
    assert (seen.status, seen.error, lines) == (429, "HTTP 429", [])


async def test_a_stream_that_nobody_answers_has_no_status(engine: Fast | Locust) -> None:
    async with scene(engine, then_closed(b"")) as here:
        seen, lines = await here.stream()
    assert (seen.status, lines, seen.ttft_ms) == (0, [], None)
    assert seen.error


async def test_an_answer_that_nobody_asked_for_is_nobodys() -> None:
    """Of the fast engine only: geventhttpclient takes the second for the first."""
    surplus = b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n"
    async with scene(Fast(), OK + surplus, OK) as here:
        statuses = [(await here.get()).status for _ in range(3)]
    assert statuses == [200, 200, 200]


@pytest.mark.parametrize("known", [True, False])
async def test_whose_certificate_nobody_vouches_for_is_not_asked(
    engine: Fast | Locust, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    certificate, key = self_signed(tmp_path)
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with scene(engine, OK, ssl=context) as here:
        seen = await here.get()
    assert seen.status == (200 if known else 0)
    assert ("certificate" in seen.error) is not known
    assert len(here.server.requests) == known

"""A service keeps so many connections and no more: who comes beyond is told, or not let in at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.services.server import Served, served
from wattos_platform.kernel.connection_cap import TOLD_AT_ONCE
from wattos_platform.kernel.service import ServiceSpec, build_service

ASK = b"GET /health/liveness HTTP/1.1\r\nHost: x\r\n\r\n"
CAP = 3


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Served]:
    runtime = make_runtime("simulator", tmp_path, environ={"WATTOS_MAX_CONNECTIONS": str(CAP)})
    async with served(build_service(runtime, ServiceSpec(routes=[])), tmp_path) as running:
        yield running


@asynccontextmanager
async def connection(service: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Return the first line of the answer."""
    writer.write(ASK)
    return await asyncio.wait_for(reader.readline(), 10)


async def refused(service: Served) -> int:
    text = (await service.ops.get("/metrics")).text
    lines = (line for line in text.splitlines() if line.startswith("http_connections_refused_total"))
    return int(float(next(lines).split()[1]))


async def test_beyond_the_cap_503_says_when_to_come_again(service: Served) -> None:
    async with AsyncExitStack() as crowd:
        kept = [await crowd.enter_async_context(connection(service)) for _ in range(CAP)]
        for reader, writer in kept:
            assert await ask(reader, writer) == b"HTTP/1.1 200 OK\r\n"
        async with connection(service) as (reader, writer):
            writer.write(ASK)
            head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert {b"retry-after: 1", b"connection: close"} <= set(head.split(b"\r\n"))
        error = json.loads(body)
        assert (error["statusCode"], error["code"]) == (503, "too_many_connections")
        assert error["requestId"].encode() in head
        assert await refused(service) == 1
        assert (await service.ops.get("/health/readiness")).status_code == 200
        assert kept[0][0].at_eof() is False


async def test_a_place_that_is_given_back_is_the_next_one_s(service: Served) -> None:
    async with AsyncExitStack() as crowd:
        for _ in range(CAP - 1):
            await crowd.enter_async_context(connection(service))
        for _ in range(5):
            async with connection(service) as (reader, writer):
                assert await ask(reader, writer) == b"HTTP/1.1 200 OK\r\n"
            while len(service.server.server_state.connections) >= CAP:
                await asyncio.sleep(0.005)


async def test_a_flood_is_not_even_told(service: Served) -> None:
    answers: set[bytes] = set()
    async with AsyncExitStack() as crowd:
        for _ in range(CAP):
            await crowd.enter_async_context(connection(service))
        for _ in range(10 * TOLD_AT_ONCE):
            reader, _ = await crowd.enter_async_context(connection(service))
            try:
                answers.add((await asyncio.wait_for(reader.read(12), 10))[:12])
            except ConnectionResetError:
                answers.add(b"")
            if b"" in answers:
                break
        assert answers == {b"HTTP/1.1 503", b""}
        assert len(service.server.server_state.connections) <= CAP + TOLD_AT_ONCE + 2

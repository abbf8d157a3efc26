"""Several requests on a connection: who leaves, who offers another protocol, who sends nonsense behind."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.network.raw_answer import raw, sent
from tests.fakes.services.server import Served, served
from wattos_platform.kernel.http_protocol import HttpProtocol
from wattos_platform.kernel.service import ServiceSpec, build_service

PROBE = b"GET /health/liveness HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_PROBE = PROBE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"


class Endpoints:
    """`/stream` never ends by itself, `/echo` answers with its body, `/held` once it may."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.entered = asyncio.Event()
        self.may_answer = asyncio.Event()

    def routes(self) -> list[Route]:
        return [
            Route("/stream", self.stream),
            Route("/held", self.held),
            Route("/echo", self.echo, methods=["POST"]),
        ]

    async def stream(self, _request: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"piece"
                    await asyncio.sleep(0.01)
            finally:
                self.ended.set()

        return StreamingResponse(pieces())

    async def held(self, _request: Request) -> Response:
        self.entered.set()
        await self.may_answer.wait()
        return Response(b"held")

    async def echo(self, request: Request) -> Response:
        return Response(await request.body())


@pytest.fixture
async def endpoints() -> Endpoints:
    return Endpoints()


@pytest.fixture
async def service(tmp_path: Path, endpoints: Endpoints) -> AsyncIterator[Served]:
    spec = ServiceSpec(routes=endpoints.routes(), identity_required=False)
    async with served(build_service(make_runtime("simulator", tmp_path), spec), tmp_path) as running:
        yield running


async def test_who_leaves_ends_the_stream_though_another_request_waits_behind_it(
    service: Served, endpoints: Endpoints
) -> None:
    async with sent(service.url, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n" + PROBE) as reader:
        await reader.readuntil(b"piece")
    await asyncio.wait_for(endpoints.ended.wait(), 10)


def post(body: bytes, fields: bytes = b"") -> bytes:
    return b"POST /echo HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(body), body)


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param(post(b"body", OFFER) + LAST_PROBE, id="one-segment"),
        pytest.param(post(b"body", OFFER) + PROBE.replace(b"Host", OFFER + b"Host") + LAST_PROBE, id="again"),
        pytest.param(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            + OFFER
            + b"\r\n4\r\nbody\r\n0\r\n\r\n"
            + LAST_PROBE,
            id="chunked",
        ),
    ],
)
async def test_an_offer_of_http_2_takes_nothing_of_the_request(service: Served, requests: bytes) -> None:
    """Java's HttpClient offers it with its first request, which is as often as not a POST."""
    answers = await raw(service.url, requests)
    assert answers.count(b"HTTP/1.1 200 OK") == requests.count(b"HTTP/1.1\r\n")
    assert b"\r\n\r\nbody" in answers
    assert answers.endswith(b'{"status":"alive"}')


async def test_a_body_that_follows_the_offer_later_is_read(service: Served) -> None:
    head, body = post(b"body", OFFER + b"Expect: 100-continue\r\n")[:-4], b"body"
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]))
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    await writer.wait_closed()


async def test_an_answer_instead_of_a_100_closes_since_the_body_may_still_come(service: Served) -> None:
    request = b"POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    answer = await raw(service.url, request)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"\r\nconnection: close\r\n" in answer


async def test_nonsense_behind_a_request_ends_both_with_one_answer(
    service: Served, endpoints: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    async with sent(service.url, b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n") as reader:
        await asyncio.wait_for(endpoints.entered.wait(), 10)
        [protocol] = service.server.server_state.connections
        assert isinstance(protocol, HttpProtocol)
        protocol.data_received(b"nonsense\r\n\r\n")
        endpoints.may_answer.set()
        answer = await reader.read()
    await asyncio.wait_for(service.app.idle(), 10)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

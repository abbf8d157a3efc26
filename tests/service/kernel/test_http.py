"""What never becomes a request: answered in the one error shape, bounded in memory."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.network.raw_answer import raw
from tests.fakes.services.server import Served, served
from wattos_platform.kernel.http_protocol import MAX_HEAD_BYTES
from wattos_platform.kernel.service import ServiceSpec, build_service

pytestmark = pytest.mark.asyncio(loop_scope="module")
START = b"GET /health/liveness HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    folder: Path = tmp_path_factory.mktemp("kernel")
    app = build_service(make_runtime("simulator", folder), ServiceSpec(routes=[]))
    async with served(app, folder) as running:
        yield running


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        pytest.param(b"hello\r\n\r\n", 400, "invalid_http", id="words"),
        pytest.param(b"GET  HTTP/9.9\r\n\r\n", 400, "invalid_http", id="version"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, "invalid_http", id="tls"),
        pytest.param(START + b"A: b\r\n c\r\n\r\n", 400, "invalid_http", id="folded"),
        pytest.param(
            START + b"A: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", 431, "header_too_large", id="field"
        ),
        pytest.param(START + b"A: " + b"x" * 3_000_000, 431, "header_too_large", id="no-end"),
        pytest.param(b"GET /" + b"x" * 3_000_000, 431, "header_too_large", id="path"),
        pytest.param(START + b"A: b\r\n" * 6000 + b"\r\n", 431, "header_too_large", id="fields"),
    ],
)
async def test_what_is_no_request_is_told_so(
    service: Served, request_: bytes, status: int, code: str
) -> None:
    answer = await raw(service.url, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in head
    error = json.loads(body)
    assert (error["statusCode"], error["code"]) == (status, code)
    assert error["requestId"].encode() in head


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b"A: " + b"x" * (MAX_HEAD_BYTES - 200), id="large-head"),
        pytest.param(b"X-Request-Deadline-Ms: " + b"9" * 5000, id="endless-number"),
        pytest.param(b"X-Wattos-Attempt: " + b"9" * 5000, id="endless-attempt"),
        pytest.param(b"Content-Length: " + b"0" * 5000, id="zeros"),
    ],
)
async def test_what_is_odd_but_a_request_is_answered(service: Served, field: bytes) -> None:
    assert (await raw(service.url, START + field + b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_a_second_request_has_a_head_of_its_own(service: Served) -> None:
    """The cap is of one head, not of a connection."""
    one = b"GET /health/liveness HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 20_000 + b"\r\n\r\n"
    last = START + b"A: " + b"x" * 20_000 + b"\r\n\r\n"
    assert (await raw(service.url, one + one + last)).count(b"HTTP/1.1 200 ") == 3


async def test_a_body_that_breaks_its_framing_ends_the_request(service: Served) -> None:
    broken = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\n"
    assert (await raw(service.url, broken)).startswith(b"HTTP/1.1 40")
    assert (await service.public.get("/health/liveness")).status_code == 200


@pytest.mark.parametrize(
    ("request_", "begin", "told"),
    [
        pytest.param(START.replace(b"GET", b"HEAD") + b"\r\n", b"HTTP/1.1 200 ", b"\r\n\r\n", id="head"),
        pytest.param(
            b"GET /health/liveness HTTP/1.0\r\n\r\n", b"HTTP/1.1 200 ", b"connection: close\r\n", id="1.0"
        ),
        pytest.param(
            b"POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
            b"X-Wattos-Identity: none\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 401 ",
            b'"code":"identity_refused"',
            id="answered-before-the-body",
        ),
        pytest.param(
            START + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            b"HTTP/1.1 200 ",
            b"alive",
            id="upgrade",
        ),
        pytest.param(
            START.replace(b"liveness", b"l%69veness") + b"\r\n", b"HTTP/1.1 200 ", b"alive", id="quoted"
        ),
        pytest.param(
            START.replace(b"liveness", b"liveness?a=1") + b"\r\n", b"HTTP/1.1 200 ", b"alive", id="query"
        ),
    ],
)
async def test_each_way_to_ask_is_answered_its_way(
    service: Served, request_: bytes, begin: bytes, told: bytes
) -> None:
    answer = await raw(service.url, request_)
    assert answer.startswith(begin)
    assert told in answer
    assert answer.endswith(b"}" if b"HEAD" not in request_ else b"\r\n\r\n")

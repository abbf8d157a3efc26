"""The loopback API: who may ask, what is read of a request, which targets Prometheus is told."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest

from wattos_cli.metricstore.api.replies import Reply
from wattos_cli.supervisor import loopback
from wattos_cli.supervisor.metrics_api import MetricsApi
from wattos_cli.supervisor.queries import frames

TOKEN, OTHER = "secret-token", "another-token"
BEARER = f"Authorization: Bearer {TOKEN}\r\n"
SCRAPED = {"activeTargets": [], "droppedTargets": []}
FORM = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"


def row(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "replica": 0,
        "state": state,
        "pid": None,
        "ops_socket": f"/{name}.sock",
        "metrics": None,
        **more,
    }


class House:
    def __init__(self) -> None:
        self.rows = [row("chat", "ready"), row("rag", "crash_loop"), row("agent", "stopped")]
        self.asked: list[tuple[str, frames.Parameters]] = []
        self.port = 0

    async def queries(self, path: str, parameters: frames.Parameters) -> Reply:
        self.asked.append((path, parameters))
        return Reply(HTTPStatus.OK, b"{}")

    async def send(self, request: str) -> tuple[int, str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request.encode())
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        return int(head.split(" ")[1]), body


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    api = MetricsApi((TOKEN, OTHER), "127.0.0.1:3080", lambda: made.rows, made.queries, lambda: SCRAPED)
    async with await asyncio.start_server(
        api.serve, "127.0.0.1", 0, limit=loopback.HEAD_LIMIT_BYTES
    ) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (BEARER, 200),
        (f"authorization: bearer  {TOKEN}\r\n", 200),
        (f"Authorization: Basic {base64.b64encode(f'any:{TOKEN}'.encode()).decode()}\r\n", 200),
        (f"Authorization: Bearer {OTHER}\r\n", 200),
        ("", 401),
        ("Authorization: Bearer wrong\r\n", 401),
        ("Authorization: Basic !\r\n", 401),
        (f"Authorization: Digest {TOKEN}\r\n", 401),
        (f"Authorization: Basic {base64.b64encode(TOKEN.encode()).decode()}\r\n", 401),
    ],
)
async def test_who_may_ask(house: House, header: str, status: int) -> None:
    assert (await house.send(f"GET /targets HTTP/1.1\r\n{header}\r\n"))[0] == status
    assert (await house.send(f"GET /api/v1/query?query=up HTTP/1.1\r\n{header}\r\n"))[0] == status


async def test_a_replica_that_crashed_is_a_target_and_a_stopped_one_is_none(house: House) -> None:
    _, body = await house.send(f"GET /targets HTTP/1.1\r\n{BEARER}\r\n")
    assert [target["labels"]["instance"] for target in json.loads(body)] == ["chat-0", "rag-0"]


@pytest.mark.parametrize(
    ("url", "target", "labels"),
    [
        ("http://127.0.0.1:9000/metrics", "127.0.0.1:9000", {}),
        ("https://shop.example/m", "shop.example:443", {"__scheme__": "https", "__metrics_path__": "/m"}),
        ("http://[::1]:9000/metrics", "[::1]:9000", {}),
        (
            "http://shop:80/metrics?format=prometheus&collect[]=cpu&format=other&empty=",
            "shop:80",
            {"__param_format": "prometheus", "__param_empty": ""},
        ),
    ],
)
async def test_a_service_of_the_user_s_is_asked_at_its_own_address(
    house: House, url: str, target: str, labels: dict[str, str]
) -> None:
    house.rows = [row("shop", "ready", ops_socket=None, metrics=url)]
    _, body = await house.send(f"GET /targets HTTP/1.1\r\n{BEARER}\r\n")
    usual = {"job": "shop", "instance": "shop-0", "__scheme__": "http", "__metrics_path__": "/metrics"}
    assert json.loads(body) == [{"targets": [target], "labels": {**usual, **labels}}]


async def test_a_query_comes_by_address_or_by_form(house: House) -> None:
    fields = "query=up%7Bjob%3D%22a+b%22%7D&match[]=a&match[]=b&empty="
    await house.send(f"GET /api/v1/query?{fields} HTTP/1.1\r\n{BEARER}\r\n")
    await house.send(
        f"POST /api/v1/query?time=5 HTTP/1.1\r\n{BEARER}{FORM}Content-Length: {len(fields)}\r\n\r\n{fields}"
    )
    expected = {"query": ['up{job="a b"}'], "match[]": ["a", "b"], "empty": [""]}
    assert house.asked == [("/api/v1/query", expected), ("/api/v1/query", {**expected, "time": ["5"]})]


async def test_what_is_known_of_the_targets_is_told_by_the_supervisor_itself(house: House) -> None:
    _, body = await house.send(f"GET /api/v1/targets?state=active HTTP/1.1\r\n{BEARER}\r\n")
    assert json.loads(body) == {"status": "success", "data": SCRAPED}
    assert house.asked == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (f"POST /targets HTTP/1.1\r\n{BEARER}\r\n", 405),
        (f"DELETE /api/v1/query HTTP/1.1\r\n{BEARER}\r\n", 405),
        (f"GET /else HTTP/1.1\r\n{BEARER}\r\n", 404),
        (f"GET /targets/none/0/metrics HTTP/1.1\r\n{BEARER}\r\n", 404),
        (f"GET /targets/chat/0/metrics HTTP/1.1\r\n{BEARER}\r\n", 502),
        (f"POST /api/v1/query HTTP/1.1\r\n{BEARER}{FORM}\r\n", 411),
        (f"POST /api/v1/query HTTP/1.1\r\n{BEARER}{FORM}Content-Length: 1048577\r\n\r\n", 413),
        (f"GET /api/v1/query?{'a=&' * 1001} HTTP/1.1\r\n{BEARER}\r\n", 400),
        (f"GET /api/v1/query?a=%ff HTTP/1.1\r\n{BEARER}\r\n", 200),
    ],
)
async def test_what_is_answered_to_what_is_wrong(house: House, request_: str, status: int) -> None:
    assert (await house.send(request_))[0] == status


async def test_bytes_that_are_no_request_end_the_connection_alone(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"\xff" * 40_000 + b"\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()
    assert (await house.send(f"GET /targets HTTP/1.1\r\n{BEARER}\r\n"))[0] == 200

"""How long a request may take, from door to model: clamped, and a little shorter at every hop."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.fakes.kernel.database import make_database
from tests.fakes.kernel.runtime import identity_headers, make_runtime
from tests.fakes.network.asgi_upstream import Upstream, listening
from tests.fakes.network.raw_answer import sent
from tests.fakes.services.gateway import Gateway, running_gateway
from tests.fakes.services.server import Served, served
from wattos_platform.kernel import context
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.hops import Hops
from wattos_platform.kernel.service import ServiceSpec, build_service
from wattos_platform.services.chat.app import create_app as create_chat

HEADER = "x-request-deadline-ms"


async def left(_request: Request) -> JSONResponse:
    return JSONResponse({"left_s": context.current().deadline - time.monotonic()})


@pytest.mark.parametrize(
    ("named", "least_s", "most_s"),
    [
        (None, 59, 60),
        ("5000", 4, 5),
        ("0", -1, 0),
        ("999999999999", 599, 600),
        ("soon", 59, 60),
        ("-5", 59, 60),
        ("1.5", 59, 60),
    ],
)
async def test_a_named_budget_counts_within_bounds(
    tmp_path: Path, named: str | None, least_s: float, most_s: float
) -> None:
    app = build_service(
        make_runtime("rag", tmp_path), ServiceSpec(routes=[Route("/left", left)], identity_required=False)
    )
    async with served(app, tmp_path) as service:
        answer = await service.public.get("/left", headers={} if named is None else {HEADER: named})
    assert least_s <= answer.json()["left_s"] <= most_s


@asynccontextmanager
async def chat_before(tmp_path: Path, model: Upstream) -> AsyncIterator[Served]:
    """Serve chat with real hops; `model` stands for llm-gateway."""
    path = tmp_path / "chat.db"
    make_database(path, "chat")
    runtime = make_runtime("chat", tmp_path, database=await Database.open(path))
    assert runtime.signer is not None
    runtime.hops = Hops(
        {"llm-gateway": model.url, "rag": "http://127.0.0.1:1"}, runtime.breakers, sign=runtime.signer.sign
    )
    async with served(create_chat(runtime), tmp_path) as running:
        running.public.headers.update(identity_headers("chat"))
        yield running


@asynccontextmanager
async def house(tmp_path: Path) -> AsyncIterator[tuple[Gateway, Upstream]]:
    """Run gateway and chat before a model gateway of the test's own."""
    model = Upstream()
    for name in ("chat", "gateway"):
        (tmp_path / name).mkdir()
    async with (
        listening([model]),
        chat_before(tmp_path / "chat", model) as chat,
        running_gateway(tmp_path / "gateway", urls={"chat": chat.url}) as gateway,
    ):
        yield gateway, model


async def ask(gateway: Gateway, **headers: str) -> str:
    """Ask for a streamed answer and return all that came."""
    headers |= await gateway.headers()
    made = await gateway.call("POST", "/api/v1/conversations", json={}, headers=headers)
    answer = await gateway.call(
        "POST",
        f"{made.headers['location']}/messages",
        json={"content": "How long?"},
        headers={**headers, "accept": "text/event-stream"},
    )
    text: str = answer.text
    return text


DELTA = b'data: {"choices":[{"index":0,"delta":{"content":"So "}}]}\n\n'


@pytest.mark.parametrize("named", ["5000", None])
async def test_each_service_on_the_way_has_a_little_less_time(tmp_path: Path, named: str | None) -> None:
    async with house(tmp_path) as (gateway, model):
        model.answer = (503, [], b"{}")
        await ask(gateway, **({} if named is None else {HEADER: named}))
    budget_ms = 600_000 if named is None else int(named)
    given_ms = int(model.seen[0].headers[HEADER.encode()])
    # Ten milliseconds for the gateway, ten for chat, and what they needed.
    assert budget_ms - 4_000 < given_ms <= budget_ms - 20


async def test_a_stream_ends_with_its_request_s_time_and_says_so(tmp_path: Path) -> None:
    async with house(tmp_path) as (gateway, model):
        model.mode, model.chunks = "stream", [DELTA, DELTA]
        text = await ask(gateway, **{HEADER: "700"})
        await model.seen[0].gone.wait()
    assert "event: delta" in text
    assert "event: error" in text
    assert "deadline_exceeded" in text or "upstream_truncated" in text


async def test_a_caller_who_reads_nothing_holds_the_work_for_its_time_and_no_longer(tmp_path: Path) -> None:
    async with running_gateway(tmp_path) as gateway:
        model = gateway.upstreams["llm-gateway"]
        model.mode, model.chunks = "stream", [b"x" * 1_000_000] * 100
        for _ in model.chunks:
            model.release.release()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n{HEADER}: 300\r\n"
        head += f"Authorization: Bearer {await gateway.key()}\r\n\r\n"
        async with sent(gateway.url, head.encode()):
            await asyncio.wait_for(model.entered.wait(), 10)
            await asyncio.wait_for(model.seen[0].gone.wait(), 10)
    assert model.sent < 100_000_000


@pytest.mark.parametrize("left_ms", [pytest.param("40", id="defect-46-at-the-door")])
async def test_what_cannot_be_done_in_time_is_not_begun(tmp_path: Path, left_ms: str) -> None:
    async with running_gateway(tmp_path) as gateway:
        headers = await gateway.headers()
        answer = await gateway.call("GET", "/v1/models", headers={**headers, HEADER: left_ms})
        assert (answer.status_code, gateway.upstreams["llm-gateway"].seen) == (504, [])

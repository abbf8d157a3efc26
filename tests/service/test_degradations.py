"""Every optional dependency of every service, broken: the answer comes, says so, and is counted."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.kernel.meter import FakeMeter
from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.llm.model_gateway import answer_stream
from tests.fakes.llm.service import llm_service
from tests.fakes.redis.clients import redis_client
from tests.fakes.services.agent_house import agent_house, said
from tests.fakes.services.gateway import JWT_SECRET, running_gateway
from tests.fakes.services.knowledge import running_knowledge
from tests.fakes.services.running_service import running_service
from wattos_platform.catalog import SERVICES
from wattos_platform.kernel.bootstrap import load_factory
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.chat.app import create_app as create_chat

CONVERSATIONS = "/api/v1/conversations"
PASSAGE = "The printer is in the cellar."


@dataclass
class Answered:
    """An answer given without the dependency: what its body and its header say, and who gave it."""

    runtime: Runtime
    body: list[str] | None
    header: str | None


@asynccontextmanager
async def chat_without_rag(tmp_path: Path) -> AsyncIterator[Answered]:
    rag, model = FakeHop("rag"), FakeHop("llm-gateway")
    rag.reply("GET", "/api/v1/knowledge-spaces/space-1", json={"id": "space-1"})
    model.reply("POST", "/v1/chat/completions", chunks=answer_stream("Still ", "here."))
    hops = {"rag": rag, "llm-gateway": model}
    async with running_service("chat", create_chat, tmp_path, hops) as chat, chat.client() as client:
        made = await client.post(CONVERSATIONS, json={"knowledge_space_id": "space-1"})
        rag.down()
        answer = await client.post(f"{made.headers['location']}/messages", json={"content": "Where?"})
        assert answer.json()["content"] == "Still here."
        streamed = await client.post(
            f"{made.headers['location']}/messages",
            json={"content": "And now?"},
            headers={"accept": "text/event-stream"},
        )
        assert streamed.headers["x-wattos-degraded"] == "rag"
        assert '"degraded":["rag"]' in streamed.text.replace(" ", "")
        yield Answered(chat.runtime, answer.json()["degraded"], answer.headers.get("x-wattos-degraded"))


@asynccontextmanager
async def agent_without_rag(tmp_path: Path) -> AsyncIterator[Answered]:
    gate = asyncio.Event()
    gate.set()
    async with agent_house(tmp_path, [said()], gate) as house:
        house.rag.down()
        run = await house.ended(await house.start(knowledge_space_id="space-1"))
        assert run["status"] == "completed"
        # A run is worked on after its request was answered: only its own document can say it.
        yield Answered(house.agent.runtime, run["degraded"], None)


@asynccontextmanager
async def rag_without_vectors(tmp_path: Path) -> AsyncIterator[Answered]:
    async with running_knowledge(tmp_path) as rag:
        space = await rag.api.space()
        await rag.api.ingest(space, "drucker.txt", "Der Drucker steht im Keller.", embedded=True)
        rag.embeddings.hop.down()
        question = {"knowledge_space_id": space, "query": "Drucker"}
        answer = await rag.api.call("POST", "/api/v1/search", json=question)
        assert answer.json()["results"][0]["document"] == "drucker.txt"
        yield Answered(rag.runtime, answer.json()["degraded"], answer.headers.get("x-wattos-degraded"))


async def _after_all_that_waits(_connection: AsyncConnection) -> None:
    """Write nothing: it is committed after what was written before."""


@asynccontextmanager
async def gateway_without_audit(tmp_path: Path) -> AsyncIterator[Answered]:
    async with running_gateway(tmp_path) as gateway:
        headers = await gateway.headers()
        assert "x-wattos-degraded" not in (await gateway.call("GET", "/v1/models", headers=headers)).headers
        await gateway.database.write(_after_all_that_waits)  # who has the lock needs our loop to give it back
        with closing(sqlite3.connect(gateway.database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await gateway.call("GET", "/v1/models", headers=headers)
            gateway.offset_s[0] += 1.5
            answer = await gateway.call("GET", "/v1/models", headers=headers)
            assert answer.json() == {"ok": True}
            yield Answered(gateway.runtime, None, answer.headers.get("x-wattos-degraded"))


@asynccontextmanager
async def model_gateway_without_vectors(tmp_path: Path) -> AsyncIterator[Answered]:
    passage = {
        "id": "p1",
        "document_id": "d1",
        "document": "a.txt",
        "start": 0,
        "end": len(PASSAGE),
        "text": PASSAGE,
    }
    question = {"role": "user", "content": "Where is the printer?"}
    async with llm_service(tmp_path, model=tmp_path / "no-model-here") as service:
        body = {"model": "default", "messages": [question], "wattos_context": [passage]}
        answer = await service.public.post("/v1/chat/completions", json=body)
        assert "cellar" in answer.json()["choices"][0]["message"]["content"]
        yield Answered(service.server._service.runtime, None, answer.headers.get("x-wattos-degraded"))


CASES: dict[tuple[str, str], Callable[[Path], Any]] = {
    ("chat", "rag"): chat_without_rag,
    ("agent", "rag"): agent_without_rag,
    ("rag", "vector"): rag_without_vectors,
    ("gateway", "audit"): gateway_without_audit,
    ("llm-gateway", "embeddings"): model_gateway_without_vectors,
}


@pytest.mark.parametrize("case", CASES, ids="-without-".join)
async def test_a_broken_dependency_is_marked_and_counted(tmp_path: Path, case: tuple[str, str]) -> None:
    dependency = case[1]
    async with CASES[case](tmp_path) as answered:
        if answered.body is not None:
            assert answered.body == [dependency]
        if answered.body is None or answered.header is not None:
            assert answered.header == dependency
        registry = answered.runtime.metrics.registry
        assert registry.get_sample_value("degraded_total", {"dependency": dependency}) >= 1


async def test_a_gateway_whose_redis_is_down_limits_by_itself_and_says_so(tmp_path: Path) -> None:
    meter = FakeMeter()
    async with (
        redis_client("redis://127.0.0.1:1", timeout_s=1, meter=meter) as client,
        running_gateway(tmp_path, environ={"RATE_LIMIT": "2r/h"}, redis=client) as gateway,
    ):
        headers = await gateway.headers()
        answers = [await gateway.call("GET", "/v1/models", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-wattos-degraded"] for answer in answers] == ["redis"] * 3
    assert meter.total("degraded_total", dependency="redis") == 3


async def names_of(service: str, tmp_path: Path) -> frozenset[str]:
    """Return what `service` can do without, as it is put together."""
    entry = next(each for each in SERVICES if each.name == service)
    hops = {dep.name: FakeHop(dep.name) for dep in entry.depends_on}
    database = await Database.open(tmp_path / f"{service}.db") if entry.database else None
    runtime = make_runtime(
        service, tmp_path, hops=hops, database=database, environ={"JWT_SECRET": JWT_SECRET}
    )
    try:
        load_factory(entry)(runtime)
    finally:
        if database is not None:
            await database.close()
    return runtime.degradations.names()


async def test_no_optional_dependency_is_without_its_case(tmp_path: Path) -> None:
    found = {(entry.name, name) for entry in SERVICES for name in await names_of(entry.name, tmp_path)}
    assert found == set(CASES)


@pytest.mark.parametrize(
    "service", [entry for entry in SERVICES if entry.name != "gateway"], ids=lambda e: e.name
)
async def test_an_edge_that_is_not_critical_is_one_that_can_be_done_without(
    tmp_path: Path, service: Any
) -> None:
    """The gateway's edges are its upstreams: a request for one of them is answered by nobody else."""
    optional = {dep.name for dep in service.depends_on if not dep.critical}
    named = {"llm-gateway": "vector"}
    assert {named.get(name, name) for name in optional} <= await names_of(service.name, tmp_path)

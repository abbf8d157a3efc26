"""chat and agent come up with all their parts: nothing is missing that only the first request would miss."""

import asyncio
import importlib
import pkgutil
from pathlib import Path

import pytest

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.llm.model_gateway import answer_stream
from tests.fakes.services.running_service import running_service
from wattos_platform.contracts.settings import SettingsError
from wattos_platform.services import agent, chat
from wattos_platform.services.agent.app import create_app as create_agent
from wattos_platform.services.chat.app import create_app as create_chat

FACTORIES = {"chat": create_chat, "agent": create_agent}


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(found.name, id=f"{found.name.removeprefix('wattos_platform.services.')}[defect-5]")
        for package in (chat, agent)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ],
)
def test_every_module_imports(module: str) -> None:
    assert importlib.import_module(module).__doc__


@pytest.mark.parametrize("name", [pytest.param(name, id=f"{name}[defect-4]") for name in FACTORIES])
async def test_a_service_that_came_up_can_call_its_siblings(name: str, tmp_path: Path) -> None:
    rag, model = FakeHop("rag"), FakeHop("llm-gateway")
    rag.reply("GET", "/api/v1/knowledge-spaces/s", json={})
    rag.reply("POST", "/api/v1/search", json={"results": [], "retrieval": "bm25", "degraded": []})
    model.reply("POST", "/v1/chat/completions", chunks=answer_stream("Hi."))
    hops = {"rag": rag, "llm-gateway": model}
    async with running_service(name, FACTORIES[name], tmp_path, hops) as service, service.client() as client:
        async with asyncio.timeout(20):  # on a busy machine a first check of the database may come too late
            while (await client.get("/health/readiness")).status_code != 200:
                await asyncio.sleep(0.01)
        figures = (await client.get("/health/kpi")).text
        assert ("answers_in_progress" if name == "chat" else "runs_unfinished") in figures
        if name == "chat":
            made = await client.post("/api/v1/conversations", json={"knowledge_space_id": "s"})
            path, body = f"{made.headers['location']}/messages", {"content": "Hello?"}
        else:
            path, body = "/api/v1/agents/legal/runs", {"input": "Hello?", "knowledge_space_id": "s"}
        made = await client.post(path, json=body)
        assert made.status_code < 300
        if name == "agent":
            await client.get(f"{made.headers['location']}/events")
    assert rag.requests[-1].path == "/api/v1/search"
    assert len(model.requests) == 1


@pytest.mark.parametrize("name", FACTORIES)
def test_without_a_database_a_service_does_not_come_up(name: str, tmp_path: Path) -> None:
    hops = {"rag": FakeHop(), "llm-gateway": FakeHop()}
    with pytest.raises(ValueError, match="needs a database"):
        FACTORIES[name](make_runtime(name, tmp_path, hops=hops))


async def test_http_request_is_there_once_the_operator_names_hosts(tmp_path: Path) -> None:
    hops = {"rag": FakeHop(), "llm-gateway": FakeHop()}
    environ = {"WATTOS_AGENT_HTTP_ALLOW": "status.example.com"}
    async with (
        running_service("agent", create_agent, tmp_path, hops, environ) as service,
        service.client() as client,
    ):
        role = (await client.get("/api/v1/agents/it-support")).json()
    available = {tool["name"] for tool in role["tools"] if tool["available"]}
    assert available == {"retrieval", "http_request"}


async def test_a_wrong_allow_list_is_named(tmp_path: Path) -> None:
    hops = {"rag": FakeHop(), "llm-gateway": FakeHop()}
    with pytest.raises(SettingsError, match=r"WATTOS_AGENT_HTTP_ALLOW: '\*'"):
        async with running_service("agent", create_agent, tmp_path, hops, {"WATTOS_AGENT_HTTP_ALLOW": "*"}):
            pass

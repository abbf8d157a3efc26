"""The agent service in a house of its own: rag and the model gateway answer as a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.kernel.hops import FakeHop, Recorded, Reply
from tests.fakes.services.running_service import RunningService, running_service
from wattos_platform.services.agent.app import create_app

PASSAGE = {
    "id": "p1",
    "document_id": "d1",
    "document": "it.md",
    "start": 0,
    "end": 5,
    "text": "Text.",
    "score": 0.5,
}
FINAL = {"completed", "failed", "cancelled"}


def said(content: str = "Restart it.", *, calls: list[Any] | None = None, cost: str | None = None) -> Reply:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = calls
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    answer = {
        "model": "m-1",
        "choices": [{"message": message}],
        "usage": usage,
        "wattos_citations": [{"id": "p1"}],
        "wattos_cost_usd": cost,
    }
    return Reply(json=answer)


def wants(name: str, arguments: str, call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


@dataclass
class House:
    agent: RunningService
    client: httpx.AsyncClient
    rag: FakeHop
    model: FakeHop

    async def start(self, role: str = "it-support", **body: Any) -> str:
        response = await self.client.post(f"/api/v1/agents/{role}/runs", json={"input": "Printer?", **body})
        assert response.status_code == 202, response.text
        assert response.headers["location"] == f"/api/v1/runs/{response.json()['id']}"
        return str(response.json()["id"])

    async def run(self, run_id: str) -> dict[str, Any]:
        return (await self.client.get(f"/api/v1/runs/{run_id}")).json()

    async def until(self, run_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(3000):
            run = await self.run(run_id)
            if condition(run):
                return run
            await asyncio.sleep(0.01)
        raise AssertionError(run)

    async def ended(self, run_id: str) -> dict[str, Any]:
        return await self.until(run_id, lambda run: run["status"] in FINAL)


@dataclass
class Model:
    """Answers in order; `gate` holds back every answer until it is set."""

    answers: list[Reply]
    gate: asyncio.Event

    async def __call__(self, _recorded: Recorded) -> Reply:
        await self.gate.wait()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def agent_house(tmp_path: Path, answers: list[Reply], gate: asyncio.Event) -> AsyncIterator[House]:
    rag = FakeHop("rag")
    rag.reply("POST", "/api/v1/search", json={"results": [PASSAGE], "retrieval": "hybrid", "degraded": []})
    model = FakeHop("llm-gateway", handler=Model(answers, gate))
    hops = {"rag": rag, "llm-gateway": model}
    async with running_service("agent", create_app, tmp_path, hops) as agent, agent.client() as client:
        yield House(agent, client, rag, model)

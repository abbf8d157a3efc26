"""agent as a real process: a run goes on after SIGKILL at the step it had reached."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.services.agent_house import PASSAGE
from tests.fakes.services.service_process import respond, service_process, sibling

ANSWER = {
    "model": "m-1",
    "choices": [{"message": {"content": "Restart it."}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    "wattos_citations": [{"id": "p1"}],
}


class Siblings:
    """rag and the model gateway at once; a path in `held` is counted but not answered."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.held: set[str] = set()

    async def __call__(self, path: str, _body: bytes, writer: asyncio.StreamWriter) -> None:
        if not path.startswith("/health"):
            self.calls.append(path)
        if path in self.held:
            await asyncio.Event().wait()
        answer: dict[str, Any] = {}
        if path == "/api/v1/search":
            answer = {"results": [PASSAGE], "retrieval": "bm25", "degraded": []}
        elif path == "/v1/chat/completions":
            answer = ANSWER
        respond(writer, json.dumps(answer).encode())


@pytest.mark.parametrize(
    ("held", "searches", "questions", "attempts"),
    [
        pytest.param("/v1/chat/completions", 1, 2, [1, 1, 2], id="killed-while-the-model-is-asked"),
        pytest.param("/api/v1/search", 2, 1, [1, 2, 1], id="killed-while-searching"),
    ],
)
async def test_a_run_goes_on_where_it_was(
    tmp_path: Path, held: str, searches: int, questions: int, attempts: list[int]
) -> None:
    siblings = Siblings()
    siblings.held.add(held)
    async with sibling(siblings) as url:
        urls = {"WATTOS_LLM_GATEWAY_URL": url, "WATTOS_RAG_URL": url}
        async with service_process("agent", tmp_path, urls) as agent:
            async with agent.client() as client:
                body = {"input": "Printer?", "knowledge_space_id": "s"}
                made = await client.post("/api/v1/agents/it-support/runs", json=body)
            while held not in siblings.calls:
                await asyncio.sleep(0.02)
            await agent.end(signal.SIGKILL)
            siblings.held.clear()
            await agent.start()
            async with agent.client() as client:
                run = await _ended(client, made.json()["id"])
    assert (run["status"], run["output"]) == ("completed", "Restart it.")
    assert [step["attempts"] for step in run["steps"]] == attempts
    assert siblings.calls.count("/api/v1/search") == searches
    assert siblings.calls.count("/v1/chat/completions") == questions


async def _ended(client: httpx.AsyncClient, run_id: str) -> dict[str, Any]:
    for _ in range(400):
        run: dict[str, Any] = (await client.get(f"/api/v1/runs/{run_id}")).json()
        if run["status"] in {"completed", "failed", "cancelled"}:
            return run
        await asyncio.sleep(0.05)
    raise AssertionError(run)

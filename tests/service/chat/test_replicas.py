"""Two replicas on one database file: positions stay unique, keys hold across them, runs are shared out."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.llm.model_gateway import answer_stream
from tests.fakes.services.running_service import RunningService, running_service
from wattos_platform.services.agent.app import create_app as create_agent
from wattos_platform.services.chat.app import create_app as create_chat

ANSWER = {"model": "m", "choices": [{"message": {"content": "Done."}}], "usage": {}}
Pair = tuple[RunningService, RunningService]


@pytest.fixture
def model() -> FakeHop:
    return FakeHop().reply("POST", "/v1/chat/completions", chunks=answer_stream("Hi."))


@pytest.fixture
async def chats(tmp_path: Path, model: FakeHop) -> AsyncIterator[Pair]:
    hops = {"rag": FakeHop(), "llm-gateway": model}
    async with (
        running_service("chat", create_chat, tmp_path, hops) as one,
        running_service("chat", create_chat, tmp_path, hops) as two,
    ):
        yield one, two


async def test_questions_to_both_at_once_keep_their_order_and_all_answers(chats: Pair) -> None:
    async with chats[0].client() as one, chats[1].client() as two:
        url = (await one.post("/api/v1/conversations", json={})).headers["location"]
        asked = [
            (one, two)[number % 2].post(f"{url}/messages", json={"content": f"Question {number}"})
            for number in range(40)
        ]
        responses = await asyncio.gather(*asked)
        assert {response.status_code for response in responses} == {200}
        items = (await two.get(f"{url}/messages", params={"limit": 100})).json()["items"]
    assert len(items) == 80
    assert {item["status"] for item in items} == {"complete"}


async def test_one_key_at_both_at_once_asks_the_model_once(chats: Pair, model: FakeHop) -> None:
    async with chats[0].client() as one, chats[1].client() as two:
        url = (await one.post("/api/v1/conversations", json={})).headers["location"]
        ask = {"url": f"{url}/messages", "json": {"content": "Hello?"}, "headers": {"Idempotency-Key": "k"}}
        answers = await asyncio.gather(*((one, two)[number % 2].post(**ask) for number in range(10)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(model.requests) == 1


async def test_runs_are_shared_out_and_none_is_done_twice(tmp_path: Path) -> None:
    model = FakeHop().reply("POST", "/v1/chat/completions", json=ANSWER)
    hops = {"rag": FakeHop(), "llm-gateway": model}
    async with (
        running_service("agent", create_agent, tmp_path, hops) as one,
        running_service("agent", create_agent, tmp_path, hops),
        one.client() as client,
    ):
        urls = [
            (await client.post("/api/v1/agents/legal/runs", json={"input": f"{n}"})).headers["location"]
            for n in range(20)
        ]
        for url in urls:
            await client.get(f"{url}/events")
        runs = [(await client.get(url)).json() for url in urls]
    assert {run["status"] for run in runs} == {"completed"}
    assert {step["attempts"] for run in runs for step in run["steps"]} == {1}
    assert len(model.requests) == 20

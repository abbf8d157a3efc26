"""Answers as server-sent events, and what is left of them when somebody leaves."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.kernel.runtime import identity_headers
from tests.fakes.llm.model_gateway import USAGE, FedModel, answer_stream, piece
from tests.fakes.network.asgi_call import AsgiCall
from tests.fakes.services.running_service import RunningService, running_service
from wattos_platform.services.chat.app import create_app

BASE = "/api/v1/conversations"
PASSAGE = {
    "id": "p1",
    "document_id": "d1",
    "document": "a.md",
    "start": 0,
    "end": 5,
    "text": "Text.",
    "score": 0.5,
}


@dataclass
class Fed:
    chat: RunningService
    model: FedModel
    rag: FakeHop
    url: str

    def ask(self, content: str = "Hello?", headers: dict[str, str] | None = None, **more: Any) -> AsgiCall:
        sent = {**identity_headers("chat"), "content-type": "application/json", **(headers or {})}
        return AsgiCall(self.chat.app, "POST", f"{self.url}/messages", {"content": content, **more}, sent)

    async def messages(self) -> list[dict[str, Any]]:
        async with self.chat.client() as client:
            return (await client.get(f"{self.url}/messages")).json()["items"]

    async def answer(self, status: str) -> dict[str, Any]:
        for _ in range(3000):
            answer = (await self.messages())[-1]
            if answer["status"] == status:
                return answer
            await asyncio.sleep(0.01)
        raise AssertionError(f"the answer never became {status}: {answer}")


@pytest.fixture
async def fed(tmp_path: Path) -> AsyncIterator[Fed]:
    model = FedModel()
    rag = FakeHop("rag").reply("GET", "/api/v1/knowledge-spaces/s", json={})
    rag.reply("POST", "/api/v1/search", json={"results": [PASSAGE], "retrieval": "hybrid", "degraded": []})
    async with running_service("chat", create_app, tmp_path, {"rag": rag, "llm-gateway": model}) as chat:
        async with chat.client() as client:
            url = (await client.post(BASE, json={"knowledge_space_id": "s"})).headers["location"]
        yield Fed(chat, model, rag, url)


def events(body: bytes) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in body.decode().strip().split("\n\n")]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in blocks]


@pytest.mark.parametrize(
    ("body", "headers"),
    [({"stream": True}, {}), ({}, {"accept": "text/event-stream"})],
    ids=["stream-true", "accept"],
)
async def test_deltas_come_as_they_are_made_then_citations_usage_done(
    fed: Fed, body: dict[str, Any], headers: dict[str, str]
) -> None:
    call = fed.ask(headers=headers, **body)
    fed.model.feed(piece("Exit "))
    await call.until(b"Exit ")  # before the model has gone on: nothing is held back
    fed.model.feed(*answer_stream("code 2.", used=["p1"]))
    await call.task
    got = events(call.body)
    assert [kind for kind, _ in got] == ["delta", "delta", "citation", "usage", "done"]
    assert "".join(data["content"] for kind, data in got if kind == "delta") == "Exit code 2."
    assert got[2][1] == {
        name: PASSAGE[name] for name in ("document", "document_id", "start", "end", "score", "text")
    }
    assert got[3][1] == USAGE
    done = got[4][1]
    assert (done["content"], done["degraded"], done["model"]) == ("Exit code 2.", [], "wattos-extractive")
    assert done["id"] == (await fed.messages())[-1]["id"]


async def test_stream_false_wins_over_accept(fed: Fed) -> None:
    fed.model.feed(*answer_stream("Hi."))
    call = fed.ask(headers={"accept": "text/event-stream"}, stream=False)
    await call.task
    assert json.loads(call.body)["content"] == "Hi."


async def test_the_question_is_stored_before_the_model_is_asked(fed: Fed) -> None:
    call = fed.ask("Stored first?")
    await asyncio.wait_for(fed.model.opened.wait(), 10)
    question, answer = await fed.messages()
    assert (question["content"], question["status"]) == ("Stored first?", "complete")
    assert (answer["status"], answer["content"]) == ("answering", "")
    fed.model.feed(*answer_stream("Yes."))
    await call.task


@pytest.mark.parametrize("stream", [True, False], ids=["sse", "json"])
async def test_a_client_that_leaves_cancels_the_model_and_keeps_the_half(fed: Fed, stream: bool) -> None:
    call = fed.ask(stream=stream)
    fed.model.feed(piece("Half an "))
    if stream:
        await call.until(b"Half an ")
    else:
        await asyncio.wait_for(fed.model.opened.wait(), 10)
        while not fed.model.pieces.empty():
            await asyncio.sleep(0)
    call.leave()
    await asyncio.wait_for(fed.model.closed.wait(), 10)
    answer = await fed.answer("aborted")
    assert (answer["content"], answer["error"]["code"]) == ("Half an ", "caller_gone")
    await call.task
    while not fed.chat.metric("chat_messages_total", outcome="aborted"):
        await asyncio.sleep(0)


async def test_a_failure_in_mid_stream_is_an_error_event_and_the_last(fed: Fed) -> None:
    call = fed.ask(stream=True)
    fed.model.feed(piece("Half an "))
    fed.model.pieces.put_nowait(None)
    await call.task
    (_, first), (kind, error) = events(call.body)
    assert first["content"] == "Half an "
    assert kind == "error"
    assert (error["statusCode"], error["code"]) == (502, "upstream_truncated")
    assert error["requestId"]
    assert (await fed.answer("failed"))["content"] == "Half an "


async def test_shutdown_stores_running_answers_as_aborted(tmp_path: Path) -> None:
    model = FedModel()
    hops = {"rag": FakeHop(), "llm-gateway": model}
    async with running_service("chat", create_app, tmp_path, hops) as chat:
        async with chat.client() as client:
            url = (await client.post(BASE, json={})).headers["location"]
        fed = Fed(chat, model, hops["rag"], url)  # type: ignore[arg-type]
        call = fed.ask(stream=True)
        model.feed(piece("Half an "))
        await call.until(b"Half an ")
        chat.runtime.health.draining = True
    async with running_service("chat", create_app, tmp_path, hops) as chat:
        answer = await Fed(chat, model, fed.rag, url).answer("aborted")
    assert (answer["content"], answer["error"]["code"]) == ("Half an ", "shutdown")
    call.task.cancel()


async def test_a_slow_reader_slows_the_model_down(fed: Fed) -> None:
    call = fed.ask(stream=True)
    call.pause()
    fed.model.feed(*(piece(f"{n} ") for n in range(1000)))
    for _ in range(200):
        await asyncio.sleep(0)
    waiting = fed.model.pieces.qsize()
    assert waiting > 800
    call.resume()
    fed.model.feed(*answer_stream("end"))
    await call.task
    assert [kind for kind, _ in events(call.body)][-1] == "done"

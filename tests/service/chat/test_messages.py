"""Asking over HTTP, answered as JSON: with documents, without, and when something is down."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.llm.model_gateway import USAGE, answer_stream, piece
from tests.fakes.services.running_service import RunningService, running_service
from wattos_platform.services.chat.app import create_app

BASE = "/api/v1/conversations"
PASSAGES = [
    {
        "id": f"p{n}",
        "document_id": f"d{n}",
        "document": f"handbook-{n}.md",
        "start": 10 * n,
        "end": 10 * n + 5,
        "text": f"Passage {n}.",
        "score": 1 / n,
    }
    for n in (1, 2, 3)
]


@dataclass
class House:
    chat: RunningService
    client: httpx.AsyncClient
    rag: FakeHop
    model: FakeHop

    async def conversation(self, **body: Any) -> str:
        return (await self.client.post(BASE, json=body)).headers["location"]

    async def ask(self, url: str, content: str, **more: Any) -> httpx.Response:
        return await self.client.post(f"{url}/messages", json={"content": content, **more})

    async def messages(self, url: str) -> list[dict[str, Any]]:
        return (await self.client.get(f"{url}/messages")).json()["items"]

    def asked(self, number: int = -1) -> dict[str, Any]:
        return self.model.requests[number].json


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    rag = FakeHop("rag").reply("GET", "/api/v1/knowledge-spaces/space-1", json={"id": "space-1"})
    found = {"results": PASSAGES, "retrieval": "hybrid", "degraded": []}
    rag.reply("POST", "/api/v1/search", json=found)
    model = FakeHop("llm-gateway")
    model.reply(
        "POST", "/v1/chat/completions", chunks=answer_stream("Exit code ", "2.", used=["p3", "p1", "x"])
    )
    hops = {"rag": rag, "llm-gateway": model}
    async with running_service("chat", create_app, tmp_path, hops) as chat, chat.client() as client:
        yield House(chat, client, rag, model)


async def test_an_answer_with_citations_of_the_passages_that_were_used(house: House) -> None:
    url = await house.conversation(knowledge_space_id="space-1")
    response = await house.ask(url, "Which exit code means usage error?")
    assert response.status_code == 200
    body = response.json()
    assert body["content"] == "Exit code 2."
    assert body["model"] == "wattos-extractive"
    assert body["degraded"] == []
    assert body["usage"] == USAGE
    assert [each["document"] for each in body["citations"]] == ["handbook-3.md", "handbook-1.md"]
    assert set(body["citations"][0]) == {"document", "document_id", "start", "end", "score", "text"}
    search = house.rag.requests[-1]
    assert search.json == {
        "knowledge_space_id": "space-1",
        "query": "Which exit code means usage error?",
        "top_k": 5,
    }
    assert house.asked()["wattos_context"] == PASSAGES
    assert house.asked()["model"] == "default"
    question, answer = await house.messages(url)
    assert (question["role"], question["status"], question["content"]) == (
        "user",
        "complete",
        "Which exit code means usage error?",
    )
    assert {name: answer[name] for name in body} == body
    assert (answer["role"], answer["status"], answer["error"]) == ("assistant", "complete", None)


async def test_without_a_space_no_context_is_sent_and_rag_is_not_asked(house: House) -> None:
    url = await house.conversation()
    body = (await house.ask(url, "Hello?")).json()
    assert house.rag.requests == []
    assert "wattos_context" not in house.asked()
    assert (body["citations"], body["degraded"]) == ([], [])


@pytest.mark.parametrize("reason", ["refused", "timeout", "breaker_open", "overloaded"])
async def test_rag_down_answers_without_context_and_says_so(house: House, reason: str) -> None:
    url = await house.conversation(knowledge_space_id="space-1")
    house.rag.down(reason)
    response = await house.ask(url, "Which exit code?")
    assert response.status_code == 200
    assert response.json()["degraded"] == ["rag"]
    assert response.json()["citations"] == []
    assert house.asked()["wattos_context"] == []
    assert house.chat.metric("degraded_total", dependency="rag") == 1
    assert any(b"dependency.degraded" in line for line in house.chat.lines)


@pytest.mark.parametrize("named", [pytest.param("vector", id="text-search-without-vectors[defect-47]")])
async def test_rag_s_own_degradation_is_passed_on(tmp_path: Path, named: str) -> None:
    rag = FakeHop("rag").reply("GET", "/api/v1/knowledge-spaces/s", json={})
    rag.reply("POST", "/api/v1/search", json={"results": PASSAGES, "retrieval": "bm25", "degraded": [named]})
    model = FakeHop().reply("POST", "/v1/chat/completions", chunks=answer_stream("A.", used=["p1"]))
    hops = {"rag": rag, "llm-gateway": model}
    async with running_service("chat", create_app, tmp_path, hops) as chat, chat.client() as client:
        url = (await client.post(BASE, json={"knowledge_space_id": "s"})).headers["location"]
        body = (await client.post(f"{url}/messages", json={"content": "What is it about?"})).json()
    assert body["degraded"] == [named]
    assert [each["document"] for each in body["citations"]] == ["handbook-1.md"]


@pytest.mark.parametrize(
    "answer", [{"results": [{"id": 1}]}, {}, [], None], ids=["field", "none", "list", "empty"]
)
async def test_a_malformed_search_result_degrades(tmp_path: Path, answer: Any) -> None:
    rag = FakeHop("rag").reply("GET", "/api/v1/knowledge-spaces/s", json={})
    rag.reply("POST", "/api/v1/search", json=answer)
    model = FakeHop().reply("POST", "/v1/chat/completions", chunks=answer_stream("A."))
    hops = {"rag": rag, "llm-gateway": model}
    async with running_service("chat", create_app, tmp_path, hops) as chat, chat.client() as client:
        url = (await client.post(BASE, json={"knowledge_space_id": "s"})).headers["location"]
        body = (await client.post(f"{url}/messages", json={"content": "What is it about?"})).json()
    assert body["degraded"] == ["rag"]


async def test_a_space_that_is_gone_is_said_and_the_question_kept(tmp_path: Path) -> None:
    rag = FakeHop("rag").reply("GET", "/api/v1/knowledge-spaces/s", json={})
    rag.reply(
        "POST", "/api/v1/search", status=404, json={"code": "knowledge_space_not_found", "message": "no"}
    )
    hops = {"rag": rag, "llm-gateway": FakeHop()}
    async with running_service("chat", create_app, tmp_path, hops) as chat, chat.client() as client:
        url = (await client.post(BASE, json={"knowledge_space_id": "s"})).headers["location"]
        response = await client.post(f"{url}/messages", json={"content": "What is it about?"})
        assert (response.status_code, response.json()["code"]) == (409, "knowledge_space_missing")
        assert len((await client.get(f"{url}/messages")).json()["items"]) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_model_gateway_down_is_503_in_the_one_shape_and_the_question_is_kept(
    house: House, stream: bool
) -> None:
    url = await house.conversation()
    house.model.down()
    response = await house.ask(url, "Hello?", stream=stream)
    assert response.status_code == 503
    assert set(response.json()) == {
        "statusCode",
        "code",
        "message",
        "timestamp",
        "path",
        "method",
        "requestId",
        "traceId",
    }
    assert response.headers["retry-after"]
    question, answer = await house.messages(url)
    assert (question["content"], question["status"]) == ("Hello?", "complete")
    assert (answer["status"], answer["error"]["code"]) == ("failed", "upstream_unavailable")


@pytest.mark.parametrize(
    ("status", "told", "expected_status", "expected_code"),
    [
        (404, {"message": "no such model", "code": "model_not_found"}, 404, "model_not_found"),
        (429, {"message": "slow down", "code": "rate_limited"}, 429, "rate_limited"),
        (400, {"message": "too long", "code": "context_length_exceeded"}, 400, "context_length_exceeded"),
        (401, {"message": "key", "code": "identity_missing"}, 503, "model_unavailable"),
        (500, {"message": "bug", "code": "internal_error"}, 503, "model_unavailable"),
        (503, {"message": "none left", "code": "no_provider"}, 503, "model_unavailable"),
    ],
)
async def test_what_the_model_gateway_refuses(
    tmp_path: Path, status: int, told: dict[str, str], expected_status: int, expected_code: str
) -> None:
    model = FakeHop("llm-gateway").reply(
        "POST", "/v1/chat/completions", status=status, json={"error": told}, headers={"retry-after": "7"}
    )
    async with (
        running_service("chat", create_app, tmp_path, {"rag": FakeHop(), "llm-gateway": model}) as chat,
        chat.client() as client,
    ):
        url = (await client.post(BASE, json={})).headers["location"]
        response = await client.post(f"{url}/messages", json={"content": "Hello?"})
        assert (response.status_code, response.json()["code"]) == (expected_status, expected_code)
        assert response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([piece("Half an ")], id="cut-off"),
        pytest.param([piece("Half an "), b"data: [DONE]\n\n"], id="done-without-finish-reason"),
        pytest.param([piece("Half an "), piece(finish="stop")], id="finish-reason-without-done"),
        pytest.param([piece("Half an "), ConnectionError()], id="connection-lost"),
        pytest.param([piece("Half an "), b"data: {\n\n"], id="malformed"),
        pytest.param([piece("Half an "), b'data: {"choices": 7}\n\n'], id="wrong-type"),
        pytest.param(
            [piece("Half an "), b'data: {"error": {"code": "upstream_truncated", "message": "cut"}}\n\n'],
            id="error-event",
        ),
    ],
)
async def test_half_an_answer_is_never_taken_for_a_whole_one(tmp_path: Path, chunks: list[Any]) -> None:
    model = FakeHop("llm-gateway").reply("POST", "/v1/chat/completions", chunks=chunks)
    async with (
        running_service("chat", create_app, tmp_path, {"rag": FakeHop(), "llm-gateway": model}) as chat,
        chat.client() as client,
    ):
        url = (await client.post(BASE, json={})).headers["location"]
        response = await client.post(f"{url}/messages", json={"content": "Hello?"})
        assert response.status_code in (502, 503)
        _, answer = (await client.get(f"{url}/messages")).json()["items"]
        assert (answer["status"], answer["content"]) == ("failed", "Half an ")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        pytest.param({"max_tokens": 200}, {"max_tokens": 200}, id="max_tokens[defect-57]"),
        pytest.param({"temperature": 0}, {"temperature": 0.0}, id="temperature-zero[defect-60]"),
        pytest.param({"model": "gpt-4o-mini"}, {"model": "gpt-4o-mini"}, id="model"),
    ],
)
async def test_settings_reach_the_model_gateway_in_its_own_words(
    house: House, given: dict[str, Any], sent: dict[str, Any]
) -> None:
    url = await house.conversation()
    assert (await house.ask(url, "Hello?", **given)).status_code == 200
    body = house.asked()
    assert {name: body[name] for name in sent} == sent
    known = {"model", "messages", "stream", "stream_options", "temperature", "max_tokens"}
    assert set(body) <= known


async def test_a_follow_up_brings_the_conversation_to_model_and_search(house: House) -> None:
    url = await house.conversation(knowledge_space_id="space-1")
    await house.ask(url, "Which exit code does wattos use for a usage error?")
    await house.ask(url, "And when is it used?")
    assert house.rag.requests[-1].json["query"] == (
        "And when is it used?\nWhich exit code does wattos use for a usage error?"
    )
    told = [(message["role"], message["content"]) for message in house.asked()["messages"][1:]]
    assert told == [
        ("user", "Which exit code does wattos use for a usage error?"),
        ("assistant", "Exit code 2."),
        ("user", "And when is it used?"),
    ]


async def test_hops_bear_the_caller_and_the_request_id(house: House) -> None:
    url = await house.conversation(knowledge_space_id="space-1")
    await house.client.post(
        f"{url}/messages", json={"content": "Which exit code?"}, headers={"x-request-id": "request-42"}
    )
    for hop in (house.rag, house.model):
        call = hop.requests[-1]
        assert call.identity is not None
        assert (call.identity.tenant, call.identity.user, call.request_id) == (
            "tenant-a",
            "user-1",
            "request-42",
        )


async def test_feedback_is_kept_with_the_answer(house: House) -> None:
    url = await house.conversation()
    answer = (await house.ask(url, "Hello?")).json()["id"]
    path = f"/api/v1/messages/{answer}/feedback"
    first = await house.client.post(path, json={"rating": "negative", "comment": "Too short."})
    assert first.status_code == 201
    assert first.json()["message_id"] == answer
    await house.client.post(path, json={"rating": "positive"})
    question, rated = await house.messages(url)
    assert (rated["feedback"]["rating"], rated["feedback"]["comment"]) == ("positive", None)
    on_question = await house.client.post(
        f"/api/v1/messages/{question['id']}/feedback", json={"rating": "positive"}
    )
    assert (on_question.status_code, on_question.json()["code"]) == (409, "not_an_answer")
    wrong = await house.client.post(path, json={"rating": "meh"})
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (422, "rating")


async def test_messages_are_paged_in_order(house: House) -> None:
    url = await house.conversation()
    for number in range(3):
        await house.ask(url, f"Question {number}?")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "4"} | ({"cursor": cursor} if cursor else {})
        page = (await house.client.get(f"{url}/messages", params=params)).json()
        seen += [message["content"] for message in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen[::2] == ["Question 0?", "Question 1?", "Question 2?"]
    assert len(seen) == 6

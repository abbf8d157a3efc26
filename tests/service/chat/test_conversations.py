"""Conversations over HTTP: create, list, read, change, delete; per tenant and per user."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.llm.model_gateway import answer_stream
from tests.fakes.services.running_service import RunningService, running_service
from wattos_platform.services.chat.app import create_app

BASE = "/api/v1/conversations"


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[RunningService]:
    rag = FakeHop("rag").reply("GET", "/api/v1/knowledge-spaces/space-1", json={"id": "space-1"})
    rag.reply("GET", "/api/v1/knowledge-spaces/nowhere", status=404, json={"code": "x", "message": "no"})
    model = FakeHop("llm-gateway").reply("POST", "/v1/chat/completions", chunks=answer_stream("Hi."))
    async with running_service("chat", create_app, tmp_path, {"rag": rag, "llm-gateway": model}) as service:
        yield service


async def test_a_conversation_is_made_read_changed_and_deleted(chat: RunningService) -> None:
    async with chat.client() as client:
        made = await client.post(BASE, json={"title": "Budget", "knowledge_space_id": "space-1"})
        assert made.status_code == 201
        url = made.headers["location"]
        assert made.json()["title"] == "Budget"
        assert (await client.get(url)).json() == made.json()
        changed = await client.patch(url, json={"title": "Budget 2026", "knowledge_space_id": None})
        assert (changed.json()["title"], changed.json()["knowledge_space_id"]) == ("Budget 2026", None)
        await client.post(f"{url}/messages", json={"content": "Hello?"})
        assert (await client.delete(url)).status_code == 204
        assert (await client.get(url)).status_code == 404
        assert (await client.get(f"{url}/messages")).status_code == 404


async def test_the_first_question_names_a_conversation_without_title(chat: RunningService) -> None:
    async with chat.client() as client:
        url = (await client.post(BASE, json={})).headers["location"]
        assert (await client.get(url)).json()["title"] == "New conversation"
        await client.post(f"{url}/messages", json={"content": "  Which  exit code\nmeans usage? "})
        await client.post(f"{url}/messages", json={"content": "And config?"})
        assert (await client.get(url)).json()["title"] == "Which exit code means usage?"


@pytest.mark.parametrize(
    ("tenant", "user"),
    [
        pytest.param("tenant-b", "user-1", id="other-tenant-same-user[defect-15]"),
        pytest.param("tenant-a", "user-2", id="same-tenant-other-user"),
    ],
)
async def test_nobody_else_sees_it(chat: RunningService, tenant: str, user: str) -> None:
    async with chat.client() as mine, chat.client(tenant, user) as theirs:
        url = (await mine.post(BASE, json={"title": "Mine"})).headers["location"]
        answer = (await mine.post(f"{url}/messages", json={"content": "Hello?"})).json()
        for response in (
            await theirs.get(url),
            await theirs.patch(url, json={"title": "Stolen"}),
            await theirs.delete(url),
            await theirs.get(f"{url}/messages"),
            await theirs.post(f"{url}/messages", json={"content": "Hello?"}),
            await theirs.post(f"/api/v1/messages/{answer['id']}/feedback", json={"rating": "positive"}),
        ):
            assert response.status_code == 404
            assert response.json()["statusCode"] == 404
        assert (await theirs.get(BASE)).json() == {"items": [], "next_cursor": None}
        assert (await mine.get(url)).json()["title"] == "Mine"


async def test_pages_cover_everything_once_last_used_first(chat: RunningService) -> None:
    async with chat.client() as client:
        ids = [(await client.post(BASE, json={"title": str(n)})).json()["id"] for n in range(5)]
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(BASE, params=params)).json()
            seen += [each["id"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", BASE, {"titel": "x"}, "titel"),
        ("POST", BASE, {"title": 7}, "title"),
        ("POST", BASE, {"title": " "}, "title"),
        ("POST", BASE, {"title": "x" * 201}, "title"),
        ("POST", BASE, {"knowledge_space_id": "nowhere"}, "knowledge_space_id"),
        ("PATCH", f"{BASE}/ID", {"title": None}, "title"),
        ("POST", f"{BASE}/ID/messages", {"content": ""}, "content"),
        ("POST", f"{BASE}/ID/messages", {"content": "nul \0"}, "content"),
        ("POST", f"{BASE}/ID/messages", {"content": "x" * 100_001}, "content"),
        ("POST", f"{BASE}/ID/messages", {"content": "x", "maxTokens": 5}, "maxTokens"),
        ("POST", f"{BASE}/ID/messages", {"content": "x", "max_tokens": 0}, "max_tokens"),
        ("POST", f"{BASE}/ID/messages", {"content": "x", "max_tokens": "9"}, "max_tokens"),
        ("POST", f"{BASE}/ID/messages", {"content": "x", "temperature": 3}, "temperature"),
        ("POST", f"{BASE}/ID/messages", {"content": "x", "stream": "yes"}, "stream"),
        ("GET", f"{BASE}?cursor=%F0%9F%92%A9", None, "cursor"),
        ("GET", f"{BASE}?cursor=WzFd", None, "cursor"),
        ("GET", f"{BASE}?limit=0", None, "limit"),
        ("GET", f"{BASE}?limit=many", None, "limit"),
        ("GET", f"{BASE}?offset=3", None, "offset"),
        ("GET", f"{BASE}/ID/messages?cursor=W10", None, "cursor"),
    ],
)
async def test_bad_input_is_named(
    chat: RunningService, method: str, path: str, body: object, field: str
) -> None:
    async with chat.client() as client:
        made = (await client.post(BASE, json={})).json()["id"]
        response = await client.request(method, path.replace("ID", made), json=body)
        assert response.status_code == 422
        assert [detail["field"] for detail in response.json()["details"]] == [field]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b'{"content": "\xff"}', 400, "invalid_json"),
        (b'{"content": "' + b"x" * 3_000_000 + b'"}', 413, "body_too_large"),
    ],
    ids=["bad-json", "bad-utf-8", "3-mb"],
)
async def test_bad_bodies_are_refused_and_nothing_is_stored(
    chat: RunningService, content: bytes, status: int, code: str
) -> None:
    async with chat.client() as client:
        url = (await client.post(BASE, json={})).headers["location"]
        response = await client.post(f"{url}/messages", content=content)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert (await client.get(f"{url}/messages")).json()["items"] == []


async def test_without_identity_nobody_gets_in(chat: RunningService) -> None:
    async with chat.client() as client:
        del client.headers["x-wattos-identity"]
        assert (await client.get(BASE)).status_code == 401


async def test_while_rag_is_down_a_space_is_taken_at_its_word(tmp_path: Path) -> None:
    rag, model = FakeHop("rag"), FakeHop("llm-gateway")
    rag.down()
    async with (
        running_service("chat", create_app, tmp_path, {"rag": rag, "llm-gateway": model}) as service,
        service.client() as client,
    ):
        made = await client.post(BASE, json={"knowledge_space_id": "space-1"})
        assert made.status_code == 201
        assert service.metric("degraded_total", dependency="rag") == 1


async def test_retried_creation_with_a_key_makes_one_conversation(chat: RunningService) -> None:
    async with chat.client() as client:
        key = {"Idempotency-Key": "make-1"}
        first = await client.post(BASE, json={"title": "One"}, headers=key)
        again = await client.post(BASE, json={"title": "One"}, headers=key)
        other = await client.post(BASE, json={"title": "Two"}, headers=key)
        assert again.json() == first.json()
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert len((await client.get(BASE)).json()["items"]) == 1

"""One Idempotency-Key, one question: whatever the retry meets, the model is not asked twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.kernel.runtime import identity_headers
from tests.fakes.llm.model_gateway import FedModel, answer_stream, piece
from tests.fakes.network.asgi_call import AsgiCall
from tests.fakes.services.running_service import RunningService, running_service
from wattos_platform.services.chat.app import create_app

BASE = "/api/v1/conversations"
KEY = {"Idempotency-Key": "ask-1"}


@pytest.fixture
def model() -> FedModel:
    return FedModel()


@pytest.fixture
async def chat(tmp_path: Path, model: FedModel) -> AsyncIterator[RunningService]:
    async with running_service(
        "chat", create_app, tmp_path, {"rag": FakeHop(), "llm-gateway": model}
    ) as service:
        yield service


async def conversation(chat: RunningService, user: str = "user-1") -> str:
    async with chat.client(user=user) as client:
        return (await client.post(BASE, json={})).headers["location"]


def ask(
    chat: RunningService, url: str, key: str = "ask-1", content: str = "Hello?", **more: object
) -> AsgiCall:
    headers = {**identity_headers("chat"), "Idempotency-Key": key}
    return AsgiCall(chat.app, "POST", f"{url}/messages", {"content": content, **more}, headers)


async def count(chat: RunningService, url: str) -> int:
    async with chat.client() as client:
        return len((await client.get(f"{url}/messages")).json()["items"])


async def test_a_retry_gets_the_same_answer_and_nobody_is_asked(
    chat: RunningService, model: FedModel
) -> None:
    url = await conversation(chat)
    model.feed(*answer_stream("Hi."))
    first, again = ask(chat, url), None
    await first.task
    again = ask(chat, url)
    await again.task
    assert json.loads(again.body) == json.loads(first.body)
    assert (model.calls, await count(chat, url)) == (1, 2)


async def test_a_retry_may_ask_for_the_stream_instead(chat: RunningService, model: FedModel) -> None:
    url = await conversation(chat)
    model.feed(*answer_stream("Hi."))
    await ask(chat, url).task
    again = ask(chat, url, stream=True)
    await again.task
    assert b"event: delta" in again.body
    assert b"event: done" in again.body
    assert model.calls == 1


async def test_a_retry_while_the_answer_is_coming_waits_for_it(chat: RunningService, model: FedModel) -> None:
    url = await conversation(chat)
    first = ask(chat, url)
    await asyncio.wait_for(model.opened.wait(), 10)
    again = ask(chat, url)
    model.feed(*answer_stream("Hi."))
    await asyncio.gather(first.task, again.task)
    assert json.loads(again.body) == json.loads(first.body)
    assert model.calls == 1


@pytest.mark.parametrize("stream", [True, False], ids=["sse", "json"])
async def test_with_a_key_a_lost_connection_does_not_lose_the_answer(
    chat: RunningService, model: FedModel, stream: bool
) -> None:
    url = await conversation(chat)
    first = ask(chat, url, stream=stream)
    model.feed(piece("Hi"))
    await asyncio.wait_for(model.opened.wait(), 10)
    if stream:
        await first.until(b"Hi")
    first.leave()
    await first.task
    again = ask(chat, url)
    model.feed(*answer_stream(" there."))
    await again.task
    assert json.loads(again.body)["content"] == "Hi there."
    assert model.calls == 1


async def test_the_key_with_another_question_is_refused(chat: RunningService, model: FedModel) -> None:
    url = await conversation(chat)
    model.feed(*answer_stream("Hi."))
    await ask(chat, url).task
    for call in (ask(chat, url, content="Other?"), ask(chat, await conversation(chat))):
        await call.task
        assert (call.status, json.loads(call.body)["code"]) == (422, "idempotency_key_reused")
    assert model.calls == 1


async def test_keys_of_different_people_are_different_keys(chat: RunningService, model: FedModel) -> None:
    mine, theirs = await conversation(chat), await conversation(chat, "user-2")
    model.feed(*answer_stream("Hi."))
    await ask(chat, mine).task
    model.feed(*answer_stream("Ho."))
    async with chat.client(user="user-2") as client:
        other = await client.post(f"{theirs}/messages", json={"content": "Hello?"}, headers=KEY)
    assert other.json()["content"] == "Ho."


async def test_after_a_failure_the_retry_asks_again_for_the_question_that_is_there(
    chat: RunningService, model: FedModel
) -> None:
    url = await conversation(chat)
    model.feed(piece("Half"))
    model.pieces.put_nowait(None)
    failed = ask(chat, url)
    await failed.task
    assert failed.status == 502
    model.feed(*answer_stream("Whole."))
    again = ask(chat, url)
    await again.task
    assert json.loads(again.body)["content"] == "Whole."
    async with chat.client() as client:
        items = (await client.get(f"{url}/messages")).json()["items"]
    assert [(each["role"], each["status"]) for each in items] == [
        ("user", "complete"),
        ("assistant", "failed"),
        ("assistant", "complete"),
    ]


async def test_without_a_key_two_posts_are_two_questions(chat: RunningService, model: FedModel) -> None:
    url = await conversation(chat)
    async with chat.client() as client:
        for _ in range(2):
            model.feed(*answer_stream("Hi."))
            await client.post(f"{url}/messages", json={"content": "Hello?"})
    assert (model.calls, await count(chat, url)) == (2, 4)


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "ü"])
async def test_a_malformed_key_is_refused(chat: RunningService, key: str) -> None:
    url = await conversation(chat)
    async with chat.client() as client:
        response = await client.post(
            f"{url}/messages", json={"content": "Hello?"}, headers={"Idempotency-Key": key.encode()}
        )
    assert (response.status_code, response.json()["code"]) == (400, "invalid_idempotency_key")

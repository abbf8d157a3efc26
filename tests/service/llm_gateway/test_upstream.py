"""The model gateway over an OpenAI-compatible upstream: what passes, what is refused, what falls back."""

import json

import pytest

from tests.fakes.llm.asking import ASK, KEY, USAGE, post, stream
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import chunk, completion, replies, streams


async def test_the_answer_passes_and_unknown_fields_reach_the_provider(gateway, upstream):
    upstream.handler = replies(completion(service_tier="default", usage=USAGE))
    response = await post(gateway, reasoning_effort="low", metadata={"a": 1}, temperature=0)
    assert response.status_code == 200
    assert response.json()["service_tier"] == "default"
    sent = upstream.bodies[0]
    assert (sent["reasoning_effort"], sent["metadata"], sent["temperature"]) == ("low", {"a": 1}, 0)
    assert upstream.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "x-wattos-identity" not in {name.lower() for name in upstream.headers[0]}


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

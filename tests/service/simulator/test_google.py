"""The simulator as Gemini: the shapes of ai.google.dev/api (content, embeddings, models), key by key."""

import json

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = "/v1beta/models/gemini-2.5-flash"
ASK = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [{"role": "user", "parts": [{"text": "Say hello to me."}]}],
    "generationConfig": {"maxOutputTokens": 4},
}
WEATHER = {
    "type": "OBJECT",
    "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}},
    "required": ["city", "days"],
}
TOOLS = [{"functionDeclarations": [{"name": "get_weather", "parameters": WEATHER}, {"name": "get_time"}]}]
KEY = {"x-goog-api-key": "x"}


async def ask(sim, verb="generateContent", body=ASK, headers=KEY):
    return await sim.running.public.post(f"{MODEL}:{verb}", json=body, headers=headers)


async def events(sim, body=ASK):
    response = await ask(sim, "streamGenerateContent?alt=sse", body)
    assert response.headers["content-type"] == "text/event-stream"
    return [json.loads(block.removeprefix("data: ")) for block in response.text.split("\n\n") if block]


async def test_a_whole_answer(sim):
    await sim.behave(answer_tokens=3, cached_tokens=2)
    body = (await ask(sim)).json()
    response_id = body.pop("responseId")
    assert len(response_id) == 32
    text = body["candidates"][0]["content"]["parts"][0]["text"]
    assert len(text.split()) == 3
    assert body == {
        "candidates": [
            {
                "content": {"parts": [{"text": text}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
                "safetyRatings": [
                    {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "NEGLIGIBLE"}
                ],
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 6,
            "candidatesTokenCount": 3,
            "totalTokenCount": 9,
            "cachedContentTokenCount": 2,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 6}],
        },
        "modelVersion": "gemini-2.5-flash",
    }


async def test_a_stream_counts_on_and_ends_with_the_reason(sim):
    await sim.behave(reasoning_tokens=2)
    found = await events(sim)
    whole = (await ask(sim)).json()
    texts = [part["text"] for event in found for part in event["candidates"][0]["content"]["parts"]]
    assert "".join(texts) == whole["candidates"][0]["content"]["parts"][0]["text"]
    assert [event["usageMetadata"].get("candidatesTokenCount", 0) for event in found] == [1, 2, 2]
    assert {event["usageMetadata"]["thoughtsTokenCount"] for event in found} == {2}
    assert [event["candidates"][0].get("finishReason") for event in found] == [None, None, "MAX_TOKENS"]
    assert found[-1]["usageMetadata"] == whole["usageMetadata"]


async def test_thoughts_are_shown_to_those_that_ask(sim):
    await sim.behave(reasoning_tokens=2)
    config = {"maxOutputTokens": 4, "thinkingConfig": {"includeThoughts": True}}
    found = await events(sim, {**ASK, "generationConfig": config})
    parts = [event["candidates"][0]["content"]["parts"][0] for event in found]
    assert [part.get("thought", False) for part in parts] == [True, True, False, False, False]
    assert [event["usageMetadata"].get("thoughtsTokenCount", 0) for event in found] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_function_call_is_one_part_and_ends_with_stop(sim, streamed):
    await sim.behave(tool_call="first")
    body = {**ASK, "tools": TOOLS, "generationConfig": {}}
    answers = await events(sim, body) if streamed else [(await ask(sim, body=body)).json()]
    part = answers[0]["candidates"][0]["content"]["parts"][0]
    assert part == {"functionCall": {"name": "get_weather", "args": {"city": "text", "days": 0}}}
    assert answers[-1]["candidates"][0]["finishReason"] == "STOP"
    spent = answers[-1]["usageMetadata"]["candidatesTokenCount"]
    assert (await sim.last())["output_tokens"] == spent > 1


@pytest.mark.parametrize(
    ("calling", "called"),
    [
        ({"mode": "AUTO"}, "get_weather"),
        ({"mode": "NONE"}, None),
        ({"mode": "ANY", "allowedFunctionNames": ["get_time"]}, "get_time"),
        ({"mode": "ANY"}, "get_weather"),
    ],
)
async def test_the_calling_mode_decides(sim, calling, called):
    await sim.behave(tool_call="first")
    body = {**ASK, "tools": TOOLS, "toolConfig": {"functionCallingConfig": calling}, "generationConfig": {}}
    part = (await ask(sim, body=body)).json()["candidates"][0]["content"]["parts"][0]
    assert part.get("functionCall", {}).get("name") == called


async def test_a_functions_response_is_answered_in_words(sim):
    await sim.behave(tool_call="first")
    response = {"functionResponse": {"name": "get_weather", "response": {"rain": True}}}
    contents = [*ASK["contents"], {"role": "user", "parts": [response]}]
    body = (await ask(sim, body={**ASK, "contents": contents, "tools": TOOLS})).json()
    assert "text" in body["candidates"][0]["content"]["parts"][0]


@pytest.mark.parametrize("name", ["responseSchema", "responseJsonSchema", "response_schema"])
async def test_an_answer_fits_the_schema(sim, name):
    config = {"responseMimeType": "application/json", name: WEATHER}
    body = (await ask(sim, body={**ASK, "generationConfig": config})).json()
    assert body["candidates"][0]["content"]["parts"][0]["text"] == '{"city":"text","days":0}'


@pytest.mark.parametrize(
    ("reason", "theirs"),
    [("stop", "STOP"), ("length", "MAX_TOKENS"), ("content_filter", "SAFETY"), ("tool_calls", "STOP")],
)
async def test_the_finish_reason_can_be_set(sim, reason, theirs):
    await sim.behave(finish_reason=reason)
    assert (await ask(sim)).json()["candidates"][0]["finishReason"] == theirs


async def test_a_blocked_prompt_has_no_candidates(sim):
    await sim.fault("blocked")
    body, (event,) = (await ask(sim)).json(), await events(sim)
    assert (body["promptFeedback"], "candidates" in body) == ({"blockReason": "SAFETY"}, False)
    assert event["promptFeedback"] == {"blockReason": "SAFETY"}


async def test_a_provider_that_keeps_its_counts_to_itself(sim):
    await sim.behave(usage="never")
    assert "usageMetadata" not in (await ask(sim)).text
    assert not any("usageMetadata" in event for event in await events(sim))


async def test_embeddings(sim):
    one = {"content": {"parts": [{"text": "hello world"}]}, "outputDimensionality": 4}
    single = (await ask(sim, "embedContent", one)).json()
    batch = (await ask(sim, "batchEmbedContents", {"requests": [one, one]})).json()
    assert batch == {"embeddings": [single["embedding"]] * 2}
    assert len(single["embedding"]["values"]) == 4
    assert (await sim.last())["input_tokens"] == 4


async def test_models(sim):
    listed = (await sim.running.public.get("/v1beta/models", headers=KEY)).json()["models"]
    one = (await sim.running.public.get(f"/v1beta/{listed[0]['name']}", headers=KEY)).json()
    assert one == listed[0]
    assert (await sim.running.public.get("/v1/models", headers=KEY)).json()["models"] == listed
    missing = await sim.running.public.get("/v1beta/models/nothing", headers=KEY)
    assert (missing.status_code, missing.json()["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("version", ["v1", "v1beta"])
async def test_both_versions_answer(sim, version):
    path = f"/{version}/models/gemini-2.5-flash:generateContent"
    assert (await sim.running.public.post(path, json=ASK, headers=KEY)).status_code == 200


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("generateContent", {}),
        ("generateContent", {"contents": []}),
        ("streamGenerateContent", ASK),
        ("embedContent", {}),
        ("batchEmbedContents", {"requests": []}),
    ],
)
async def test_what_is_no_request_is_refused(sim, verb, body):
    response = await ask(sim, verb, body)
    assert (response.status_code, response.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("status", "theirs"),
    [
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
    ],
)
async def test_errors_are_googles(sim, status, theirs):
    await sim.fault("status", status=status)
    response = await ask(sim)
    error = {"code": status, "message": "A simulated fault.", "status": theirs}
    assert (response.status_code, response.json()) == (status, {"error": error})


async def test_a_rate_limit_tells_the_wait_in_its_details_too(sim):
    await sim.fault("rate_limit", retry_after_s=7)
    (detail,) = (await ask(sim)).json()["error"]["details"]
    assert detail == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}


async def test_a_missing_key_is_refused_when_keys_are_required(sim):
    await sim.behave(require_key=True)
    response = await ask(sim, headers={})
    assert (response.status_code, response.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert (await ask(sim, "generateContent?key=x", headers={})).status_code == 200


async def test_an_unknown_path_has_googles_shape_too(sim):
    response = await sim.running.public.get("/v1beta/cachedContents")
    assert response.json()["error"]["status"] == "NOT_FOUND"

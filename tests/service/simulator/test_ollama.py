"""The simulator as Ollama: the shapes of docs/api.md of ollama/ollama, key by key."""

import json

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = {"model": "llama3.2", "messages": [{"role": "user", "content": "Say hello to me."}]}
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]


async def whole(sim, **change):
    response = await sim.running.public.post("/api/chat", json={**ASK, "stream": False, **change})
    assert response.headers["content-type"] == "application/json"
    return response.json()


async def lines(sim, **change):
    response = await sim.running.public.post("/api/chat", json={**ASK, **change})
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


async def test_a_whole_answer(sim):
    await sim.behave(answer_tokens=3)
    body = await whole(sim)
    assert body.pop("created_at").endswith("Z")
    text = body["message"]["content"]
    assert len(text.split()) == 3
    assert body == {
        "model": "llama3.2",
        "message": {"role": "assistant", "content": text},
        "done_reason": "stop",
        "done": True,
        "total_duration": 12_000_000,
        "load_duration": 5_000_000,
        "prompt_eval_count": 4,
        "prompt_eval_duration": 4_000_000,
        "eval_count": 3,
        "eval_duration": 3_000_000,
    }


async def test_a_stream_is_what_is_sent_unless_told_otherwise(sim):
    body, found = await whole(sim), await lines(sim)
    assert "".join(line["message"]["content"] for line in found) == body["message"]["content"]
    assert [line["done"] for line in found] == [False] * 20 + [True]
    assert {name: found[-1][name] for name in found[-1] if name.endswith("count")} == {
        "prompt_eval_count": 4,
        "eval_count": 20,
    }


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_tool_call_comes_in_one_piece(sim, streamed):
    await sim.behave(tool_call="first")
    answers = await lines(sim, tools=TOOLS) if streamed else [await whole(sim, tools=TOOLS)]
    calls = [{"function": {"name": "get_weather", "arguments": {"city": "text", "days": 0}}}]
    assert answers[0]["message"] == {"role": "assistant", "content": "", "tool_calls": calls}
    assert (answers[-1]["done"], answers[-1]["done_reason"]) == (True, "stop")
    assert (await sim.last())["output_tokens"] == answers[-1]["eval_count"] > 1


async def test_a_tools_result_is_answered_in_words(sim):
    await sim.behave(tool_call="first")
    messages = [*ASK["messages"], {"role": "tool", "content": "rain", "tool_name": "get_weather"}]
    assert (await whole(sim, messages=messages, tools=TOOLS))["message"]["content"]


@pytest.mark.parametrize("streamed", [False, True])
async def test_thinking_is_shown_to_those_that_ask(sim, streamed):
    await sim.behave(reasoning_tokens=2, answer_tokens=3)
    plain = await whole(sim)
    assert ("thinking" in plain["message"], plain["eval_count"]) == (False, 3)
    answers = await lines(sim, think=True) if streamed else [await whole(sim, think=True)]
    assert len("".join(answer["message"].get("thinking", "") for answer in answers).split()) == 2
    assert answers[-1]["eval_count"] == 5


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_fits_the_format(sim, streamed):
    answers = await lines(sim, format=WEATHER) if streamed else [await whole(sim, format=WEATHER)]
    assert "".join(answer["message"]["content"] for answer in answers) == '{"city":"text","days":0}'
    assert set(json.loads((await whole(sim, format="json"))["message"]["content"])) == {"answer"}


async def test_the_callers_limit_cuts_the_answer(sim):
    body = await whole(sim, options={"num_predict": 2})
    assert (body["eval_count"], body["done_reason"]) == (2, "length")


async def test_a_provider_that_keeps_its_counts_to_itself(sim):
    await sim.behave(usage="never")
    assert not any("eval_count" in answer for answer in [await whole(sim), *await lines(sim)])


async def test_embeddings(sim):
    public = sim.running.public
    many = (
        await public.post("/api/embed", json={"model": "m", "input": ["a b", "c"], "dimensions": 4})
    ).json()
    one = (await public.post("/api/embed", json={"model": "m", "input": "a b", "dimensions": 4})).json()
    assert many["embeddings"][0] == one["embeddings"][0]
    assert (len(many["embeddings"]), len(many["embeddings"][1]), many["prompt_eval_count"]) == (2, 4, 3)
    assert set(many) == {"model", "embeddings", "total_duration", "load_duration", "prompt_eval_count"}


async def test_models(sim):
    found = (await sim.running.public.get("/api/tags")).json()["models"]
    assert found[0]["name"] == found[0]["model"] == "llama3.2:latest"
    assert set(found[0]) == {"name", "model", "modified_at", "size", "digest", "details"}
    assert (await sim.running.public.get("/api/version")).json()["version"]


async def test_its_openai_api_is_counted_as_its_own_under_its_name(sim):
    response = await sim.running.public.post("/as/ollama/v1/chat/completions", json=ASK)
    assert response.json()["object"] == "chat.completion"
    assert (await sim.last())["provider"] == "ollama"


async def test_no_key_is_ever_required(sim):
    await sim.behave(require_key=True)
    assert (await whole(sim))["done"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", {}),
        ("/api/chat", {"model": "m"}),
        ("/api/embed", {"model": "m"}),
        ("/api/embed", {"model": "m", "input": []}),
    ],
)
async def test_what_is_no_request_is_refused(sim, path, body):
    response = await sim.running.public.post(path, json=body)
    assert (response.status_code, list(response.json())) == (400, ["error"])
    assert isinstance(response.json()["error"], str)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_errors_are_ollamas(sim, status):
    await sim.fault("status", status=status)
    response = await sim.running.public.post("/api/chat", json=ASK)
    assert (response.status_code, response.json()) == (status, {"error": "A simulated fault."})


async def test_an_error_inside_a_stream_is_a_line(sim):
    await sim.fault("error_event", after_tokens=2)
    found = await lines(sim)
    assert [line.get("done") for line in found] == [False, False, None]
    assert found[-1] == {"error": "A simulated fault."}

"""The official OpenAI SDK through the model gateway to each provider's own API, spoken by the simulator."""

import asyncio
import json

import openai
import pytest

from tests.fakes.llm.five_providers import MODELS, PROVIDERS, behave, five_providers
from tests.fakes.llm.service import IDENTITY, llm_service
from tests.fakes.llm.simulator import simulator as running_simulator

QUESTION = [{"role": "user", "content": "Say hello."}]
TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture
async def simulator(tmp_path):
    async with running_simulator(tmp_path) as running:
        yield running


@pytest.fixture
async def gateway(tmp_path, simulator):
    async with five_providers(tmp_path, simulator) as running:
        yield running


@pytest.fixture
async def sdk(gateway):
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key="x", default_headers=IDENTITY, max_retries=0
    ) as client:
        yield client


async def streamed(sdk, provider, **asked):
    """Return the chunks of a stream."""
    stream = await sdk.chat.completions.create(
        model=MODELS[provider],
        messages=QUESTION,
        stream=True,
        stream_options={"include_usage": True},
        **asked,
    )
    return [chunk async for chunk in stream]


@every_provider
async def test_an_answer_whole_and_in_pieces(simulator, sdk, provider):
    await behave(simulator, answer_tokens=12, cached_tokens=1)
    whole = await sdk.chat.completions.create(model=MODELS[provider], messages=QUESTION)
    chunks = await streamed(sdk, provider)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "stop"
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == [
        "stop"
    ]
    for usage in (whole.usage, chunks[-1].usage):
        assert (usage.completion_tokens, usage.total_tokens) == (12, usage.prompt_tokens + 12)
        assert usage.prompt_tokens_details.cached_tokens == (provider != "ollama")


@every_provider
async def test_a_tool_is_called_and_its_result_read(simulator, sdk, provider):
    # defect-58
    await behave(simulator, tool_call="look")
    asked = {"model": MODELS[provider], "tools": [TOOL]}
    whole = (await sdk.chat.completions.create(messages=QUESTION, **asked)).choices[0]
    chunks = await streamed(sdk, provider, tools=[TOOL])
    calls = [call for c in chunks for choice in c.choices for call in choice.delta.tool_calls or ()]
    (call,) = whole.message.tool_calls
    assert (call.function.name, whole.finish_reason) == ("look", "tool_calls")
    assert {piece.index for piece in calls} == {0}
    assert json.loads("".join(piece.function.arguments or "" for piece in calls)) == json.loads(
        call.function.arguments
    )
    result = {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"}
    messages = [*QUESTION, whole.message.model_dump(exclude_none=True), result]
    answer = await sdk.chat.completions.create(messages=messages, **asked)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"


@every_provider
async def test_an_answer_in_a_schema(simulator, sdk, provider):
    # defect-58
    await behave(simulator)
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
        "required": ["city", "degrees"],
        "additionalProperties": False,
    }
    answer = await sdk.chat.completions.create(
        model=MODELS[provider],
        messages=QUESTION,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "w", "strict": True, "schema": schema},
        },
    )
    assert set(json.loads(answer.choices[0].message.content)) == {"city", "degrees"}


@every_provider
async def test_what_the_model_thought_is_counted(simulator, sdk, provider):
    await behave(simulator, answer_tokens=5, reasoning_tokens=7)
    answer = await sdk.chat.completions.create(
        model=MODELS[provider], messages=QUESTION, reasoning_effort="low"
    )
    if provider == "ollama":
        assert answer.choices[0].message.reasoning_content
    else:
        assert answer.usage.completion_tokens_details.reasoning_tokens == 7
    assert answer.usage.completion_tokens >= 12


@every_provider
async def test_a_filter_says_that_it_cut(simulator, sdk, provider):
    await behave(simulator, finish_reason="content_filter")
    chunks = await streamed(sdk, provider)
    reasons = [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]
    assert reasons == (["stop"] if provider == "ollama" else ["content_filter"])


@every_provider
async def test_embeddings(simulator, sdk, provider):
    # defect-58
    await behave(simulator, embedding_dimensions=8)
    asked = sdk.embeddings.create(model=MODELS[provider], input=["one", "two"])
    if provider == "anthropic":
        with pytest.raises(openai.BadRequestError) as caught:
            await asked
        assert (caught.value.code, caught.value.param) == ("unsupported_parameter", "input")
        return
    vectors = (await asked).data
    assert [len(vector.embedding) for vector in vectors] == [8, 8]
    assert vectors[0].embedding != vectors[1].embedding


@every_provider
@pytest.mark.parametrize(
    ("kind", "error"),
    [("status", openai.InternalServerError), ("rate_limit", openai.RateLimitError)],
)
async def test_a_failing_provider_is_told_as_what_it_is(simulator, sdk, provider, kind, error):
    await simulator.fault(kind, provider=provider)
    with pytest.raises(error):
        await sdk.chat.completions.create(model=MODELS[provider], messages=QUESTION)


@every_provider
async def test_a_stream_that_breaks_off_is_never_a_clean_end(simulator, sdk, provider):
    await simulator.fault("truncate", provider=provider, after_tokens=3)
    with pytest.raises(openai.APIError) as caught:
        await streamed(sdk, provider)
    assert caught.value.code == "upstream_truncated"


async def test_what_one_provider_cannot_honour_the_next_is_asked_for(simulator, gateway, tmp_path):
    details = {name: {"base_url": simulator.url, "api_key_env": "DUMMY"} for name in ("anthropic", "google")}
    llm = {
        "providers": ["anthropic", "google"],
        "provider": details,
        "aliases": {"any": ["anthropic/claude-haiku-4-5", "google/gemini-2.5-flash"]},
    }
    folder = tmp_path / "second"
    folder.mkdir()
    async with llm_service(folder, config={"llm": llm}, environ={"DUMMY": "x"}) as running:
        body = {"model": "any", "messages": QUESTION, "seed": 7}
        response = await running.public.post("/v1/chat/completions", json=body)
    assert response.headers["x-wattos-provider"] == "google"
    assert (await simulator.counts())["completed"] == 1


async def test_a_deployment_is_counted_as_its_model(simulator, gateway, sdk):
    await behave(simulator)
    await sdk.chat.completions.create(model="azure/gpt-4o-mini", messages=QUESTION)
    for _ in range(3000):
        rows = (await gateway.public.get("/v1/usage")).json()["data"]
        if rows:
            break
        await asyncio.sleep(0.01)
    assert (rows[0]["provider"], rows[0]["model"]) == ("azure", "gpt-4o-mini")
    assert rows[0]["unpriced_calls"] == 0

"""The simulator as OpenAI, read by OpenAI's own client."""

import openai
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello to me."}]
ASK = {"model": "gpt-4o", "messages": QUESTION}
WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1},
        "unit": {"type": "string"},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}
OTHER = {
    "type": "function",
    "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}},
}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "w", "strict": True, "schema": WEATHER}}


@pytest_asyncio.fixture(loop_scope="module")
async def client(sim):
    async with openai.AsyncOpenAI(base_url=f"{sim.url}/v1", api_key="x", max_retries=0) as client:
        yield client


async def test_a_whole_answer_tells_all_counts(sim, client):
    await sim.behave(answer_tokens=7, reasoning_tokens=5, cached_tokens=4)
    done = await client.chat.completions.create(**ASK)
    usage = done.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (6, 12, 18)
    assert usage.prompt_tokens_details.cached_tokens == 4
    assert usage.completion_tokens_details.reasoning_tokens == 5
    assert len(done.choices[0].message.content.split()) == 7
    assert done.choices[0].finish_reason == "stop"
    told = await sim.last()
    assert {name: told[name] for name in told if name.endswith("tokens")} == {
        "input_tokens": 6,
        "cached_tokens": 4,
        "output_tokens": 12,
        "reasoning_tokens": 5,
    }


async def test_a_stream_says_the_same_and_tells_usage_on_request(sim, client):
    whole = await client.chat.completions.create(**ASK)
    chunks = [chunk async for chunk in await client.chat.completions.create(**ASK, stream=True)]
    assert (
        "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    )
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)
    asked = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    chunks = [chunk async for chunk in await client.chat.completions.create(**asked)]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage


@pytest.mark.parametrize(
    ("change", "behaviour", "called"),
    [
        ({}, {"tool_call": "first"}, "get_weather"),
        ({}, {"tool_call": "get_time"}, "get_time"),
        ({}, {"tool_call": "unknown"}, None),
        ({}, {}, None),
        ({"tool_choice": "none"}, {"tool_call": "first"}, None),
        ({"tool_choice": "required"}, {}, "get_weather"),
        ({"tool_choice": {"type": "function", "function": {"name": "get_time"}}}, {}, "get_time"),
        (
            {"messages": [*QUESTION, {"role": "tool", "tool_call_id": "c", "content": "5"}]},
            {"tool_call": "first"},
            None,
        ),
    ],
)
async def test_a_tool_is_called_when_it_is_offered(sim, client, change, behaviour, called):
    await sim.behave(**behaviour)
    asked = {**ASK, "tools": [TOOL, OTHER], **change}
    choice = (await client.chat.completions.create(**asked)).choices[0]
    calls = choice.message.tool_calls or []
    assert [call.function.name for call in calls] == ([called] if called else [])
    assert choice.finish_reason == ("tool_calls" if called else "stop")


async def test_streamed_arguments_come_in_pieces(sim, client):
    await sim.behave(tool_call="first")
    async with client.chat.completions.stream(
        **ASK, tools=[{**TOOL, "function": {**TOOL["function"], "strict": True}}]
    ) as stream:
        pieces = [
            event.arguments_delta
            async for event in stream
            if event.type == "tool_calls.function.arguments.delta"
        ]
        done = await stream.get_final_completion()
    assert len(pieces) > 2
    assert (
        done.choices[0].message.tool_calls[0].function.arguments
        == '{"city":"text","days":1}'
        == "".join(pieces)
    )


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_fits_the_schema(client, stream):
    done = await client.chat.completions.create(**ASK, response_format=SCHEMA, stream=stream)
    text = (
        "".join([chunk.choices[0].delta.content or "" async for chunk in done])
        if stream
        else done.choices[0].message.content
    )
    assert text == '{"city":"text","days":1}'


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_the_callers_limit_cuts_the_answer(client, name):
    done = await client.chat.completions.create(**ASK, **{name: 3})
    assert (done.usage.completion_tokens, done.choices[0].finish_reason) == (3, "length")


async def test_a_provider_that_keeps_its_counts_to_itself(sim, client):
    await sim.behave(usage="never")
    assert (await client.chat.completions.create(**ASK)).usage is None
    asked = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    assert [chunk.usage async for chunk in await client.chat.completions.create(**asked) if chunk.usage] == []
    assert (await sim.last())["output_tokens"] == 20


async def test_legacy_completions(client):
    whole = await client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Say it", max_tokens=4)
    assert (whole.usage.completion_tokens, whole.choices[0].finish_reason) == (4, "length")
    asked = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say it", "max_tokens": 4, "stream": True}
    chunks = [chunk async for chunk in await client.completions.create(**asked)]
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text


async def test_embeddings_have_the_dimension_asked_for_or_set(sim, client):
    await sim.behave(embedding_dimensions=32)
    one = await client.embeddings.create(model="m", input="hello world")
    other = await client.embeddings.create(
        model="m", input=["hello world", "b"], dimensions=8, encoding_format="float"
    )
    assert (len(one.data[0].embedding), [len(each.embedding) for each in other.data]) == (32, [8, 8])
    assert (one.usage.prompt_tokens, other.usage.total_tokens) == (2, 3)
    assert sum(x * x for x in one.data[0].embedding) == pytest.approx(1)


async def test_models(client):
    names = [model.id async for model in client.models.list()]
    assert (await client.models.retrieve(names[0])).id == names[0]
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"


async def test_a_response_of_the_responses_api(sim, client):
    await sim.behave(answer_tokens=6, reasoning_tokens=3, cached_tokens=1)
    done = await client.responses.create(model="gpt-4o", instructions="Be brief.", input="Say hello.")
    assert [item.type for item in done.output] == ["reasoning", "message"]
    assert len(done.output_text.split()) == 6
    usage = done.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (4, 9, 13)
    assert (usage.input_tokens_details.cached_tokens, usage.output_tokens_details.reasoning_tokens) == (1, 3)


async def test_a_streamed_response_is_numbered_and_ends_complete(sim, client):
    await sim.behave(reasoning_tokens=2)
    whole = await client.responses.create(model="gpt-4o", input="Say hello.")
    async with client.responses.stream(model="gpt-4o", input="Say hello.") as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (
        "".join(event.delta for event in events if event.type == "response.output_text.delta")
        == whole.output_text
    )
    assert final.output_text == whole.output_text
    assert (final.status, final.usage) == ("completed", whole.usage)


async def test_a_response_calls_a_function(sim, client):
    await sim.behave(tool_call="first")
    tool = {"type": "function", "name": "get_weather", "parameters": WEATHER, "strict": True}
    whole = await client.responses.create(model="gpt-4o", input="Rain?", tools=[tool])
    assert (whole.output[0].name, whole.output[0].arguments) == ("get_weather", '{"city":"text","days":1}')
    async with client.responses.stream(model="gpt-4o", input="Rain?", tools=[tool]) as stream:
        pieces = [
            event.delta async for event in stream if event.type == "response.function_call_arguments.delta"
        ]
    assert len(pieces) > 2
    assert "".join(pieces) == whole.output[0].arguments
    answered = {"type": "function_call_output", "call_id": whole.output[0].call_id, "output": "no"}
    after = await client.responses.create(
        model="gpt-4o", input=[{"role": "user", "content": "Rain?"}, answered], tools=[tool]
    )
    assert after.output_text


async def test_a_response_fits_a_schema_and_a_limit(client):
    wanted = {"format": {"type": "json_schema", "name": "w", "schema": WEATHER, "strict": True}}
    done = await client.responses.create(model="gpt-4o", input="Rain?", text=wanted)
    assert done.output_text == '{"city":"text","days":1}'
    cut = await client.responses.create(model="gpt-4o", input="Rain?", max_output_tokens=2)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "tool_calls"])
async def test_the_finish_reason_can_be_set(sim, client, reason):
    await sim.behave(finish_reason=reason)
    assert (await client.chat.completions.create(**ASK)).choices[0].finish_reason == reason


async def test_a_missing_key_is_refused_when_keys_are_required(sim):
    await sim.behave(require_key=True)
    response = await sim.running.public.post("/v1/chat/completions", json=ASK)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "invalid_request_error")
    assert (await sim.last())["outcome"] == "refused"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
async def test_errors_are_openais(sim, client, status, error):
    await sim.fault("status", status=status, code="some_code")
    with pytest.raises(error) as caught:
        await client.chat.completions.create(**ASK)
    assert (caught.value.code, caught.value.body["message"]) == ("some_code", "A simulated fault.")


async def test_an_error_inside_a_stream_reaches_the_client(sim, client):
    await sim.fault("error_event", after_tokens=2)
    with pytest.raises(openai.APIError, match="simulated fault"):
        [chunk async for chunk in await client.chat.completions.create(**ASK, stream=True)]
    events = [event async for event in await client.responses.create(model="m", input="x", stream=True)]
    assert events[-1].type == "error"

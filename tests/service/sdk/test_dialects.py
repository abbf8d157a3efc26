"""What the official SDKs make of answers, streams, tools and schemas in each dialect."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
import pytest_asyncio
from pydantic import BaseModel

from tests.fakes.llm.model_house import MODEL, PROVIDER_KEY, ModelHouse, model_house
from tests.fakes.llm.upstream import chunk, completion, replies, streams

pytestmark = pytest.mark.asyncio(loop_scope="module")
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
HI: list[Any] = [{"role": "user", "content": "Hi"}]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ARGUMENTS = '{"city":"Ulm"}'
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ARGUMENTS}}
SAID = streams(
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo!"}),
    chunk({}, "stop"),
    {**chunk({}), "choices": [], "usage": USAGE},
    "[DONE]",
)
CALLED = streams(
    chunk({"tool_calls": [{"index": 0, **CALL, "function": {"name": "get_weather", "arguments": ""}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": ARGUMENTS[:5]}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": ARGUMENTS[5:]}}]}),
    chunk({}, "tool_calls"),
    "[DONE]",
)


class Place(BaseModel):
    """What the tests ask to have answered."""

    city: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ModelHouse]:
    async with model_house(tmp_path_factory.mktemp("house"), {"RATE_LIMIT": "9999r/m"}) as running:
        yield running


@pytest.fixture
def house(one_house: ModelHouse) -> ModelHouse:
    one_house.forget()
    return one_house


def called() -> dict[str, Any]:
    body = completion(usage=USAGE)
    body["choices"] = [
        {
            "index": 0,
            "message": {"role": "assistant", "content": None, "tool_calls": [CALL]},
            "finish_reason": "tool_calls",
        }
    ]
    return body


async def test_a_response(house: ModelHouse) -> None:
    house.upstream.handler = replies(completion("Hello!", usage=USAGE))
    got = await house.openai.responses.create(
        model=MODEL, input="Hi", instructions="Be brief.", max_output_tokens=64, metadata={"a": "b"}
    )
    assert (got.output_text, got.status, got.metadata) == ("Hello!", "completed", {"a": "b"})
    assert got.usage is not None
    assert (got.usage.input_tokens, got.usage.input_tokens_details.cached_tokens) == (10, 4)
    assert (got.usage.output_tokens, got.usage.output_tokens_details.reasoning_tokens) == (5, 2)
    sent = house.upstream.bodies[0]
    assert sent["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert sent["max_completion_tokens"] == 64
    assert sent.keys() == {"model", "messages", "max_completion_tokens"}
    assert house.upstream.headers[0]["Authorization"] == f"Bearer {PROVIDER_KEY}"


async def test_a_streamed_response(house: ModelHouse) -> None:
    house.upstream.handler = SAID
    async with house.openai.responses.stream(model=MODEL, input="Hi") as stream:
        deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert deltas == ["Hel", "lo!"]
    assert (final.output_text, final.status) == ("Hello!", "completed")
    assert final.usage is not None
    assert final.usage.total_tokens == 15


async def test_a_response_calls_a_function_and_hears_its_result(house: ModelHouse) -> None:
    tools: list[Any] = [{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}]
    house.upstream.handler = CALLED
    async with house.openai.responses.stream(model=MODEL, input="Weather?", tools=tools) as stream:
        first = await stream.get_final_response()
    (call,) = first.output
    assert call.type == "function_call"
    assert (call.call_id, call.name, call.arguments) == ("call_1", "get_weather", ARGUMENTS)
    house.upstream.handler = replies(completion("Rain.", usage=USAGE))
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
    asked: list[Any] = [{"role": "user", "content": "Weather?"}, *first.output, result]
    second = await house.openai.responses.create(model=MODEL, input=asked, tools=tools)
    assert second.output_text == "Rain."
    assert [message["role"] for message in house.upstream.bodies[1]["messages"]] == [
        "user",
        "assistant",
        "tool",
    ]
    assert house.upstream.bodies[1]["messages"][1]["tool_calls"] == [CALL]


async def test_a_response_in_a_schema(house: ModelHouse) -> None:
    house.upstream.handler = replies(completion('{"city": "Ulm"}', usage=USAGE))
    got = await house.openai.responses.parse(model=MODEL, input="Where?", text_format=Place)
    assert got.output_parsed == Place(city="Ulm")
    asked = house.upstream.bodies[0]["response_format"]
    assert (asked["type"], asked["json_schema"]["strict"]) == ("json_schema", True)


async def test_a_message(house: ModelHouse) -> None:
    house.upstream.handler = replies(completion("Hello!", usage=USAGE))
    got = await house.anthropic.messages.create(
        model=MODEL, max_tokens=64, system="Be brief.", messages=HI, stop_sequences=["END"]
    )
    assert [block.to_dict() for block in got.content] == [{"type": "text", "text": "Hello!"}]
    assert got.stop_reason == "end_turn"
    assert (got.usage.input_tokens, got.usage.cache_read_input_tokens, got.usage.output_tokens) == (6, 4, 5)
    assert got._request_id
    sent = house.upstream.bodies[0]
    assert sent["messages"] == [{"role": "system", "content": "Be brief."}, *HI]
    assert (sent["max_completion_tokens"], sent["stop"]) == (64, ["END"])


async def test_a_streamed_message(house: ModelHouse) -> None:
    house.upstream.handler = SAID
    async with house.anthropic.messages.stream(model=MODEL, max_tokens=64, messages=HI) as stream:
        deltas = [text async for text in stream.text_stream]
        final = await stream.get_final_message()
    assert deltas == ["Hel", "lo!"]
    assert (final.stop_reason, final.usage.input_tokens, final.usage.output_tokens) == ("end_turn", 6, 5)


async def test_a_message_uses_a_tool_and_hears_its_result(house: ModelHouse) -> None:
    tools: list[Any] = [{"name": "get_weather", "input_schema": SCHEMA}]
    house.upstream.handler = CALLED
    async with house.anthropic.messages.stream(
        model=MODEL, max_tokens=64, messages=HI, tools=tools
    ) as stream:
        first = await stream.get_final_message()
    (block,) = first.content
    assert block.type == "tool_use"
    assert (block.id, block.name, block.input) == ("call_1", "get_weather", {"city": "Ulm"})
    assert first.stop_reason == "tool_use"
    house.upstream.handler = replies(completion("Rain.", usage=USAGE))
    result = {"type": "tool_result", "tool_use_id": block.id, "content": "rain"}
    asked: list[Any] = [
        *HI,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = await house.anthropic.messages.create(model=MODEL, max_tokens=64, messages=asked, tools=tools)
    assert second.content[0].to_dict()["text"] == "Rain."
    assert [message["role"] for message in house.upstream.bodies[1]["messages"]] == [
        "user",
        "assistant",
        "tool",
    ]


async def test_a_message_in_a_schema(house: ModelHouse) -> None:
    house.upstream.handler = replies(completion('{"city": "Ulm"}', usage=USAGE))
    got = await house.anthropic.messages.parse(model=MODEL, max_tokens=64, messages=HI, output_format=Place)
    assert got.parsed_output == Place(city="Ulm")
    assert house.upstream.bodies[0]["response_format"]["json_schema"]["schema"]["required"] == ["city"]


async def test_tokens_of_a_message_are_counted_without_asking_a_provider(house: ModelHouse) -> None:
    few = await house.anthropic.messages.count_tokens(model=MODEL, messages=HI)
    long: list[Any] = [{"role": "user", "content": "a word or two " * 10_000}]
    many = await house.anthropic.messages.count_tokens(model=MODEL, messages=long)
    assert 0 < few.input_tokens < 40_000 <= many.input_tokens
    with pytest.raises(anthropic.NotFoundError):
        await house.anthropic.messages.count_tokens(model="no-such-model", messages=HI)
    assert house.upstream.bodies == []


async def test_a_completion(house: ModelHouse) -> None:
    house.upstream.handler = replies(completion("is a test", usage=USAGE))
    got = await house.openai.completions.create(model=MODEL, prompt="This ", echo=True)
    assert (got.choices[0].text, got.choices[0].finish_reason) == ("This is a test", "stop")
    assert got.usage is not None
    assert got.usage.total_tokens == 15
    assert house.upstream.bodies[0]["max_completion_tokens"] == 16


async def test_a_streamed_completion(house: ModelHouse) -> None:
    house.upstream.handler = SAID
    stream = await house.openai.completions.create(
        model=MODEL, prompt="Hi", stream=True, stream_options={"include_usage": True}
    )
    parts = [part async for part in stream]
    assert "".join(part.choices[0].text for part in parts if part.choices) == "Hello!"
    assert parts[-1].usage is not None
    assert parts[-1].usage.prompt_tokens == 10


async def test_the_local_model_answers_in_every_dialect(house: ModelHouse) -> None:
    local = "wattos-extractive"
    response = await house.openai.responses.create(model=local, input="Hi")
    message = await house.anthropic.messages.create(model=local, max_tokens=64, messages=HI)
    text = await house.openai.completions.create(model=local, prompt="Hi", max_tokens=64)
    (block,) = message.content
    assert response.output_text == block.to_dict()["text"] == text.choices[0].text != ""
    wanted: Any = {"format": {"type": "json_schema", "schema": SCHEMA}}
    with pytest.raises(anthropic.BadRequestError) as caught:
        await house.anthropic.messages.create(model=local, max_tokens=64, messages=HI, output_config=wanted)
    assert "output_config.format" in caught.value.message


async def test_each_dialect_is_counted_under_its_name(house: ModelHouse) -> None:
    house.upstream.handler = replies(completion("Hello!", usage=USAGE))
    key = {"authorization": f"Bearer {await house.gateway.key(tenant='counted')}"}
    asked = {
        "/v1/responses": {"model": MODEL, "input": "Hi"},
        "/v1/messages": {"model": MODEL, "messages": HI, "max_tokens": 5},
        "/v1/completions": {"model": MODEL, "prompt": "Hi"},
    }
    for path, body in asked.items():
        answer = await house.gateway.call("POST", path, json=body, headers=key)
        assert (answer.status_code, answer.headers["x-wattos-provider"]) == (200, "openai")
        assert json.loads(answer.content)["wattos_cost_usd"] == "0.0000042"
    rows: list[dict[str, Any]] = []
    while len(rows) < len(asked):
        rows = (await house.gateway.call("GET", "/v1/usage", headers=key)).json()["data"]
    assert {row["operation"] for row in rows} == {"responses", "messages", "completions"}


async def test_answers_are_kept_in_every_dialect_and_not_across_what_was_asked(house: ModelHouse) -> None:
    house.upstream.handler = replies(completion("Hello!", usage=USAGE))
    key = {"authorization": f"Bearer {await house.gateway.key(tenant='kept')}", "x-wattos-cache": "on"}
    message = {"model": MODEL, "messages": HI, "max_tokens": 5}
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("/v1/messages", message, "miss"),
        ("/v1/messages", {**message, "stream": True}, "hit"),
        ("/v1/messages", {**message, "thinking": {"type": "adaptive"}}, "miss"),
        ("/v1/responses", {"model": MODEL, "input": "Hi"}, "miss"),
        ("/v1/responses", {"model": MODEL, "input": "Hi", "stream": True}, "hit"),
    ]
    for path, body, expected in asked:
        answer = await house.gateway.call("POST", path, json=body, headers=key)
        assert answer.headers["x-wattos-cache"] == expected
        assert "Hello!" in answer.text
    assert len(house.upstream.bodies) == 3

"""The simulator as Anthropic, read by Anthropic's own client."""

import anthropic
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = {
    "model": "claude-haiku-4-5",
    "max_tokens": 1000,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Say hello to me."}]}],
}
THINK = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
TOOLS = [
    {"name": "get_weather", "input_schema": WEATHER},
    {"name": "get_time", "input_schema": {"type": "object"}},
]
VERSION = {"anthropic-version": "2023-06-01"}


@pytest_asyncio.fixture(loop_scope="module")
async def client(sim):
    async with anthropic.AsyncAnthropic(base_url=sim.url, api_key="x", max_retries=0) as client:
        yield client


async def test_a_whole_message_tells_all_counts(sim, client):
    await sim.behave(answer_tokens=7, reasoning_tokens=5, cached_tokens=4)
    message = await client.messages.create(**ASK, **THINK)
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert (len(message.content[0].thinking.split()), len(message.content[1].text.split())) == (5, 7)
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (2, 4, 12)
    assert usage.output_tokens_details.thinking_tokens == 5
    told = await sim.last()
    assert (told["input_tokens"], told["cached_tokens"], told["output_tokens"], told["reasoning_tokens"]) == (
        6,
        4,
        12,
        5,
    )


async def test_without_thinking_nothing_is_spent_on_it(sim, client):
    await sim.behave(answer_tokens=7, reasoning_tokens=5)
    assert (await client.messages.create(**ASK)).usage.output_tokens == 7


async def test_the_events_come_in_order(client):
    stream = await client.messages.create(**ASK, stream=True)
    kinds = [event.type async for event in stream]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[2:-3] == ["content_block_delta"] * 20
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


async def test_a_ping_comes_after_the_first_block_has_begun(sim):
    response = await sim.running.public.post("/v1/messages", json={**ASK, "stream": True}, headers=VERSION)
    events = [block.split("\n")[0] for block in response.text.split("\n\n") if block]
    assert events[:4] == [
        "event: message_start",
        "event: content_block_start",
        "event: ping",
        "event: content_block_delta",
    ]


@pytest.mark.parametrize("extra", [{}, THINK, {"tools": TOOLS}], ids=["text", "thinking", "tool"])
async def test_a_stream_says_the_same_as_a_whole_message(sim, client, extra):
    await sim.behave(answer_tokens=4, reasoning_tokens=3, cached_tokens=2, tool_call="first")
    whole = await client.messages.create(**ASK, **extra)
    async with client.messages.stream(**ASK, **extra) as stream:
        streamed = await stream.get_final_message()
    ids = {"id", "content.signature", "_request_id"}
    assert streamed.model_dump(exclude=ids | {"content"}) == whole.model_dump(exclude=ids | {"content"})
    assert [block.model_dump(exclude={"id", "signature", "parsed_output"}) for block in streamed.content] == [
        block.model_dump(exclude={"id", "signature"}) for block in whole.content
    ]


@pytest.mark.parametrize(
    ("choice", "behaviour", "called"),
    [
        ({"type": "auto"}, {"tool_call": "get_time"}, "get_time"),
        ({"type": "auto"}, {}, None),
        ({"type": "none"}, {"tool_call": "first"}, None),
        ({"type": "any"}, {}, "get_weather"),
        ({"type": "tool", "name": "get_time"}, {}, "get_time"),
    ],
)
async def test_a_tool_is_used_when_it_is_offered(sim, client, choice, behaviour, called):
    await sim.behave(**behaviour)
    message = await client.messages.create(**ASK, tools=TOOLS, tool_choice=choice)
    assert [block.name for block in message.content if block.type == "tool_use"] == (
        [called] if called else []
    )
    assert message.stop_reason == ("tool_use" if called else "end_turn")


async def test_a_tools_result_is_answered_in_words(sim, client):
    await sim.behave(tool_call="first")
    used = await client.messages.create(**ASK, tools=TOOLS)
    result = {"type": "tool_result", "tool_use_id": used.content[0].id, "content": "rain"}
    turns = [
        *ASK["messages"],
        {"role": "assistant", "content": used.content},
        {"role": "user", "content": [result]},
    ]
    assert (await client.messages.create(**{**ASK, "messages": turns}, tools=TOOLS)).stop_reason == "end_turn"


async def test_streamed_input_comes_in_pieces(sim, client):
    await sim.behave(tool_call="first")
    async with client.messages.stream(**ASK, tools=TOOLS) as stream:
        pieces = [event.partial_json async for event in stream if event.type == "input_json"]
        message = await stream.get_final_message()
    assert len([piece for piece in pieces if piece]) > 2
    assert message.content[0].input == {"city": "text", "days": 0}


async def test_an_answer_fits_the_schema(client):
    wanted = {"format": {"type": "json_schema", "schema": WEATHER}}
    message = await client.messages.create(**ASK, output_config=wanted)
    assert message.content[0].text == '{"city":"text","days":0}'


@pytest.mark.parametrize(
    ("reason", "theirs"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("tool_calls", "tool_use"),
    ],
)
async def test_the_finish_reason_can_be_set(sim, client, reason, theirs):
    await sim.behave(finish_reason=reason)
    assert (await client.messages.create(**ASK)).stop_reason == theirs


async def test_a_provider_that_keeps_its_counts_to_itself(sim):
    await sim.behave(usage="never")
    whole = await sim.running.public.post("/v1/messages", json=ASK, headers=VERSION)
    streamed = await sim.running.public.post("/v1/messages", json={**ASK, "stream": True}, headers=VERSION)
    assert "usage" not in whole.text + streamed.text
    assert (await sim.last())["output_tokens"] == 20


async def test_models_are_anthropics_for_those_that_name_a_version(sim, client):
    names = [model.id async for model in client.models.list()]
    assert (await client.models.retrieve(names[0])).display_name == "Claude Opus 4.5"
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("nothing")
    assert (await sim.running.public.get("/v1/models")).json()["object"] == "list"
    providers = (await sim.counts())["providers"]
    assert (providers["anthropic"]["total"], providers["openai"]["total"]) == (3, 1)


@pytest.mark.parametrize(
    ("change", "headers", "message"),
    [
        ({}, {}, "anthropic-version: header is required"),
        ({"max_tokens": None}, VERSION, "max_tokens: Field required"),
        ({"model": None}, VERSION, "model: Field required"),
        ({"messages": "x"}, VERSION, "messages: Field required"),
    ],
)
async def test_what_is_no_request_is_refused(sim, change, headers, message):
    response = await sim.running.public.post("/v1/messages", json={**ASK, **change}, headers=headers)
    assert (response.status_code, response.json()["type"]) == (400, "error")
    assert response.json()["error"] == {"type": "invalid_request_error", "message": message}


async def test_a_missing_key_is_refused_when_keys_are_required(sim):
    await sim.behave("anthropic", require_key=True)
    response = await sim.running.public.post("/v1/messages", json=ASK, headers=VERSION)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "authentication_error")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, anthropic.AuthenticationError, "authentication_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (413, anthropic.APIStatusError, "request_too_large"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (529, anthropic.InternalServerError, "overloaded_error"),
    ],
)
async def test_errors_are_anthropics(sim, client, status, error, kind):
    await sim.fault("status", status=status)
    with pytest.raises(error) as caught:
        await client.messages.create(**ASK)
    assert caught.value.status_code == status
    assert caught.value.body["error"] == {"type": kind, "message": "A simulated fault."}


async def test_an_overload_inside_a_stream_is_an_error_event(sim, client):
    await sim.fault("error_event", status=529, after_tokens=2)
    with pytest.raises(anthropic.APIStatusError) as caught:
        [event async for event in await client.messages.create(**ASK, stream=True)]
    assert caught.value.body["error"]["type"] == "overloaded_error"

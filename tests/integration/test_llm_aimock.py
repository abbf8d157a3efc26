"""The model gateway before an upstream that others wrote, asked by the official SDKs in every dialect.

What our own simulator and our own formats agree upon could be wrong on both sides; aimock knows neither.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import openai
import pytest
import pytest_asyncio

from tests.fakes.llm.five_providers import MODELS
from tests.fakes.llm.service import IDENTITY, llm_service
from tests.fakes.programs.aimock import Aimock, aimock
from tests.fakes.services.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANSWER = "Words of somebody else's simulator, in pieces."
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
VECTOR = [0.25, -0.5, 0.125]
ARGUMENTS = {"city": "Ulm"}
CALLED = {"toolCalls": [{"name": "look", "arguments": ARGUMENTS}]}


def told(message: str, response: Any, **more: Any) -> dict[str, Any]:
    """Return a fixture: what is answered to a question that holds `message`."""
    return {"match": {"userMessage": message}, "response": response, **more}


def error(status: int, kind: str) -> dict[str, Any]:
    """Return an answer that is an error."""
    return {"error": {"message": "said by the mock", "type": kind}, "status": status}


FIXTURES = [
    {"match": {"hasToolResult": True}, "response": {"content": "It is sunny."}},
    told("words", {"content": ANSWER, "usage": USAGE}),
    told("weather", CALLED),
    told("limited", error(429, "rate_limit_error")),
    told("wrong", error(400, "invalid_request_error")),
    told("broken", error(500, "server_error")),
    told("malformed", {"content": ANSWER}, chaos={"malformedRate": 1}),
    told("disconnected", {"content": ANSWER}, chaos={"disconnectRate": 1}),
    # Without a pause between its chunks it would break off before it has sent the first.
    told("truncated", {"content": ANSWER}, truncateAfterChunks=4, latency=10),
    {"match": {"inputText": "hello"}, "response": {"embedding": VECTOR}},
]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]
every_provider = pytest.mark.parametrize("provider", MODELS)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    with aimock(tmp_path_factory.mktemp("aimock"), FIXTURES) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, upstream: Aimock) -> AsyncIterator[Served]:
    details: dict[str, dict[str, Any]] = {
        name: {"base_url": upstream.url, "api_key_env": "DUMMY"} for name in MODELS
    }
    details["openai"]["base_url"] += "/v1"
    details["azure"]["api_version"] = "2024-10-21"  # aimock knows no other
    llm = {"providers": list(MODELS), "provider": details}
    folder = tmp_path_factory.mktemp("gateway")
    async with llm_service(folder, config={"llm": llm}, environ={"DUMMY": "dummy"}) as served:
        yield served


@pytest.fixture
def gateway(running: Served) -> Served:
    for name in MODELS:
        running.app.runtime.breakers.get(f"llm:{name}").reset()
    return running


@pytest_asyncio.fixture(loop_scope="module")
async def gpt(gateway: Served) -> AsyncIterator[openai.AsyncOpenAI]:
    options: dict[str, Any] = {"api_key": "x", "default_headers": IDENTITY, "max_retries": 0}
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", **options) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def claude(gateway: Served) -> AsyncIterator[anthropic.AsyncAnthropic]:
    options: dict[str, Any] = {"api_key": "x", "default_headers": IDENTITY, "max_retries": 0}
    async with anthropic.AsyncAnthropic(base_url=gateway.url, **options) as client:
        yield client


def asked(text: str) -> list[Any]:
    """Return a conversation of one question."""
    return [{"role": "user", "content": text}]


async def usage_of(gateway: Served, provider: str) -> dict[str, Any]:
    """Return the usage of a provider's calls once there are any."""
    for _ in range(3000):
        rows = (await gateway.public.get("/v1/usage?by=provider")).json()["data"]
        if found := [row for row in rows if row["provider"] == provider]:
            return dict(found[0])
        await asyncio.sleep(0.01)
    raise AssertionError(rows)


@every_provider
async def test_chat(gateway: Served, upstream: Aimock, gpt: openai.AsyncOpenAI, provider: str) -> None:
    # defect-54: what was sent is understood by who did not write it.
    upstream.forget()
    answer = await gpt.chat.completions.create(model=MODELS[provider], messages=asked("some words"))
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (ANSWER, "stop")
    usage = await usage_of(gateway, provider)
    counted = (usage["prompt_tokens"], usage["completion_tokens"])
    if provider == "ollama":  # as which aimock counts nothing
        assert (answer.usage, usage["estimated_calls"], min(counted) > 0) == (None, 1, True)
    else:
        assert answer.usage is not None
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == counted == (11, 7)
    assert len(upstream.journal()) == 1


@every_provider
async def test_a_chat_in_pieces(gpt: openai.AsyncOpenAI, provider: str) -> None:
    stream = await gpt.chat.completions.create(
        model=MODELS[provider], messages=asked("some words"), stream=True
    )
    chunks = [chunk async for chunk in stream]
    texts = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert "".join(texts) == ANSWER
    assert len(texts) > 3
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]


@every_provider
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_tool_is_called_and_its_result_told(
    gpt: openai.AsyncOpenAI, provider: str, *, stream: bool
) -> None:
    question = asked("the weather, please")
    if stream:
        async with gpt.chat.completions.stream(
            model=MODELS[provider], messages=question, tools=TOOLS
        ) as streamed:
            found = (await streamed.get_final_completion()).choices[0]
    else:
        whole = await gpt.chat.completions.create(model=MODELS[provider], messages=question, tools=TOOLS)
        found = whole.choices[0]  # type: ignore[assignment]
    assert found.finish_reason == "tool_calls"
    (call,) = found.message.tool_calls or ()
    assert (call.function.name, json.loads(call.function.arguments)) == ("look", ARGUMENTS)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    messages = [*question, found.message.model_dump(exclude_none=True, exclude={"parsed"}), result]
    answer = await gpt.chat.completions.create(model=MODELS[provider], messages=messages, tools=TOOLS)
    assert answer.choices[0].message.content == "It is sunny."


# Anthropic has no embeddings; aimock has neither Google's batchEmbedContents nor what Ollama's embed answers.
@pytest.mark.parametrize("provider", ["openai", "azure"])
@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_embeddings(gpt: openai.AsyncOpenAI, provider: str, encoding: Any) -> None:
    asking = gpt.embeddings.create(model=MODELS[provider], input=["hello"], encoding_format=encoding)
    assert (await asking).data[0].embedding == VECTOR


@every_provider
async def test_responses(gpt: openai.AsyncOpenAI, provider: str) -> None:
    whole = await gpt.responses.create(model=MODELS[provider], input="some words")
    assert (whole.output_text, whole.status) == (ANSWER, "completed")
    async with gpt.responses.stream(model=MODELS[provider], input="some words") as stream:
        deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert ("".join(deltas), final.output_text, final.status) == (ANSWER, ANSWER, "completed")


@every_provider
async def test_messages(claude: anthropic.AsyncAnthropic, provider: str) -> None:
    asking: dict[str, Any] = {
        "model": MODELS[provider], "max_tokens": 100, "messages": asked("some words"),
    }  # fmt: skip
    whole = await claude.messages.create(**asking)
    assert [block.to_dict() for block in whole.content] == [{"type": "text", "text": ANSWER}]
    async with claude.messages.stream(**asking) as stream:
        deltas = [text async for text in stream.text_stream]
        final = await stream.get_final_message()
    assert ("".join(deltas), final.stop_reason, whole.stop_reason) == (ANSWER, "end_turn", "end_turn")


@every_provider
@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ("limited", 429, "provider_rate_limited"),
        ("wrong", 400, None),
        ("broken", 503, "provider_unavailable"),
        ("malformed", 503, "provider_unavailable"),
        ("disconnected", 503, "provider_unavailable"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_failures(
    gpt: openai.AsyncOpenAI, provider: str, question: str, status: int, code: str | None, *, stream: bool
) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await gpt.chat.completions.create(model=MODELS[provider], messages=asked(question), stream=stream)
    assert caught.value.status_code == status
    # Where the request is wrong, in the provider's words; of Ollama's, aimock does not know the shape.
    assert code in (caught.value.code, None)
    assert ("said by the mock" in caught.value.message) == (status == 400 and provider != "ollama")


@every_provider
async def test_a_stream_that_breaks_off(gpt: openai.AsyncOpenAI, provider: str) -> None:
    stream = await gpt.chat.completions.create(
        model=MODELS[provider], messages=asked("truncated"), stream=True
    )
    with pytest.raises(openai.APIError) as caught:
        async for _ in stream:
            pass
    assert caught.value.code == "upstream_truncated"

"""Responses and Messages through the official SDKs, over each provider's own API."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
import pytest_asyncio

from tests.fakes.llm.five_providers import MODELS, PROVIDERS, behave, five_providers
from tests.fakes.llm.service import IDENTITY
from tests.fakes.llm.simulator import Simulator
from tests.fakes.llm.simulator import simulator as running_simulator
from tests.fakes.services.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")
HI: list[Any] = [{"role": "user", "content": "Say hello."}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FUNCTIONS: list[Any] = [{"type": "function", "name": "look", "parameters": SCHEMA, "strict": False}]
TOOLS: list[Any] = [{"name": "look", "input_schema": SCHEMA}]
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Simulator, Served]]:
    tmp_path = tmp_path_factory.mktemp("house")
    async with running_simulator(tmp_path) as simulator, five_providers(tmp_path, simulator) as gateway:
        yield simulator, gateway


@pytest.fixture
def simulator(house: tuple[Simulator, Served]) -> Simulator:
    return house[0]


@pytest_asyncio.fixture(loop_scope="module")
async def gpt(house: tuple[Simulator, Served]) -> AsyncIterator[openai.AsyncOpenAI]:
    options: dict[str, Any] = {"api_key": "x", "default_headers": IDENTITY, "max_retries": 0}
    async with openai.AsyncOpenAI(base_url=f"{house[1].url}/v1", **options) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def claude(house: tuple[Simulator, Served]) -> AsyncIterator[anthropic.AsyncAnthropic]:
    options: dict[str, Any] = {"api_key": "x", "default_headers": IDENTITY, "max_retries": 0}
    async with anthropic.AsyncAnthropic(base_url=house[1].url, **options) as client:
        yield client


@every_provider
async def test_a_response_whole_and_in_pieces(
    simulator: Simulator, gpt: openai.AsyncOpenAI, provider: str
) -> None:
    await behave(simulator, answer_tokens=12, cached_tokens=1)
    whole = await gpt.responses.create(model=MODELS[provider], input="Say hello.", instructions="Be kind.")
    async with gpt.responses.stream(
        model=MODELS[provider], input="Say hello.", instructions="Be kind."
    ) as stream:
        final = await stream.get_final_response()
    assert whole.output_text == final.output_text != ""
    assert whole.usage is not None
    assert (whole.status, whole.usage.output_tokens, whole.usage) == ("completed", 12, final.usage)


@every_provider
async def test_a_response_calls_a_function(
    simulator: Simulator, gpt: openai.AsyncOpenAI, provider: str
) -> None:
    await behave(simulator, tool_call="look")
    asked: dict[str, Any] = {"model": MODELS[provider], "tools": FUNCTIONS}
    async with gpt.responses.stream(input="Say hello.", **asked) as stream:
        first = await stream.get_final_response()
    (call,) = first.output
    assert call.type == "function_call"
    assert json.loads(call.arguments).keys() == {"city"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"}
    second = await gpt.responses.create(input=[*HI, *first.output, result], **asked)
    assert second.output_text


@every_provider
async def test_a_response_in_a_schema(simulator: Simulator, gpt: openai.AsyncOpenAI, provider: str) -> None:
    await behave(simulator)
    form: Any = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}
    got = await gpt.responses.create(model=MODELS[provider], input="Where?", text=form)
    assert json.loads(got.output_text).keys() == {"city"}


@every_provider
async def test_a_message_whole_and_in_pieces(
    simulator: Simulator, claude: anthropic.AsyncAnthropic, provider: str
) -> None:
    await behave(simulator, answer_tokens=12, cached_tokens=1)
    asked: dict[str, Any] = {
        "model": MODELS[provider],
        "max_tokens": 64,
        "messages": HI,
        "system": "Be kind.",
    }
    whole = await claude.messages.create(**asked)
    async with claude.messages.stream(**asked) as stream:
        final = await stream.get_final_message()
    assert whole.content[0].to_dict()["text"] == final.content[0].to_dict()["text"] != ""
    assert (whole.stop_reason, final.stop_reason) == ("end_turn", "end_turn")
    assert (whole.usage.output_tokens, whole.usage) == (12, final.usage)
    assert whole.usage.cache_read_input_tokens == (provider != "ollama")


@every_provider
async def test_a_message_uses_a_tool(
    simulator: Simulator, claude: anthropic.AsyncAnthropic, provider: str
) -> None:
    await behave(simulator, tool_call="look")
    asked: dict[str, Any] = {"model": MODELS[provider], "max_tokens": 64, "tools": TOOLS}
    async with claude.messages.stream(messages=HI, **asked) as stream:
        first = await stream.get_final_message()
    block = first.content[-1]
    assert block.type == "tool_use"
    assert (block.name, block.input.keys(), first.stop_reason) == ("look", {"city"}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": block.id, "content": "12 degrees"}
    turns: list[Any] = [
        *HI,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = await claude.messages.create(messages=turns, **asked)
    assert (second.content[0].type, second.stop_reason) == ("text", "end_turn")


@every_provider
async def test_a_message_in_a_schema(
    simulator: Simulator, claude: anthropic.AsyncAnthropic, provider: str
) -> None:
    await behave(simulator)
    form: Any = {"format": {"type": "json_schema", "schema": SCHEMA}}
    got = await claude.messages.create(model=MODELS[provider], max_tokens=64, messages=HI, output_config=form)
    assert json.loads(got.content[0].to_dict()["text"]).keys() == {"city"}


async def test_thoughts_of_claude_come_back_signed(
    simulator: Simulator, claude: anthropic.AsyncAnthropic
) -> None:
    await behave(simulator, answer_tokens=5, reasoning_tokens=7)
    asked: dict[str, Any] = {
        "model": MODELS["anthropic"],
        "max_tokens": 4096,
        "messages": HI,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    whole = await claude.messages.create(**asked)
    async with claude.messages.stream(**asked) as stream:
        final = await stream.get_final_message()
    for message in (whole, final):
        thought, said = message.content
        assert thought.type == "thinking"
        assert thought.thinking
        assert thought.signature
        assert said.type == "text"
    assert whole.content[0].to_dict()["thinking"] == final.content[0].to_dict()["thinking"]

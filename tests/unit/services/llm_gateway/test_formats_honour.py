"""What a provider cannot be asked for is refused by name, what it can is never dropped."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.llm.transcripts import wire_format
from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest, parse_chat
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats.anthropic import request as anthropic
from wattos_platform.services.llm_gateway.domain.formats.google import request as google
from wattos_platform.services.llm_gateway.domain.formats.honour import HINTS
from wattos_platform.services.llm_gateway.domain.formats.ollama import request as ollama

FOREIGN = ("anthropic", "google", "ollama")
MODELS = {"anthropic": "claude-sonnet-4-5", "google": "gemini-2.5-flash", "ollama": "llama3.2"}
USER = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}


def asked(**body: Any) -> ChatRequest:
    return parse_chat({"model": "m", "messages": [USER], **body})


def sent(provider: str, request: ChatRequest, model: str = "", *, stream: bool = False) -> dict[str, Any]:
    call = wire_format(provider).chat(model or MODELS[provider], request, stream=stream)
    return json.loads(call.body)


def refused(provider: str, request: ChatRequest, model: str = "", *, stream: bool = False) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        sent(provider, request, model, stream=stream)
    return caught.value


@pytest.mark.parametrize("provider", FOREIGN)
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"modalities": ["text", "audio"], "audio": {"voice": "x", "format": "wav"}}, "modalities"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"moderation": {"model": "m"}}, "moderation"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"reasoning_effort": "colossal"}, "reasoning_effort"),
        ({"tools": [{"type": "custom", "custom": {"name": "c"}}]}, "tools[0]"),
        ({"tools": [TOOL], "tool_choice": {"type": "custom", "custom": {"name": "c"}}}, "tool_choice"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"messages": [{"role": "function", "name": "f", "content": "1"}]}, "messages[0].function_call"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_changes_the_meaning_is_refused(provider, body, param):
    failure = refused(provider, asked(**body))
    assert (failure.kind, failure.param, failure.status) == ("unsupported", param, 400)
    assert failure.falls_back
    assert failure.breaker_ignores


@pytest.mark.parametrize(
    ("provider", "model", "body", "stream", "param"),
    [
        ("anthropic", "", {"n": 2}, False, "n"),
        ("anthropic", "", {"seed": 1}, False, "seed"),
        ("anthropic", "", {"logprobs": True}, False, "logprobs"),
        ("anthropic", "", {"presence_penalty": 0.5}, False, "presence_penalty"),
        ("anthropic", "", {"temperature": 1.5}, False, "temperature"),
        ("anthropic", "claude-opus-5", {"temperature": 0}, False, "temperature"),
        ("anthropic", "claude-opus-4-7", {"top_p": 0.5}, False, "top_p"),
        ("anthropic", "", {"response_format": {"type": "json_object"}}, False, "response_format"),
        ("google", "", {"n": 2}, True, "n"),
        ("google", "", {"logprobs": True}, False, "logprobs"),
        ("google", "", {"tools": [TOOL], "parallel_tool_calls": False}, False, "parallel_tool_calls"),
        ("ollama", "", {"n": 2}, False, "n"),
        ("ollama", "", {"tools": [TOOL], "tool_choice": "required"}, False, "tool_choice"),
        ("ollama", "", {"tools": [TOOL], "parallel_tool_calls": False}, False, "parallel_tool_calls"),
    ],
)
def test_what_one_provider_cannot_say(provider, model, body, stream, param):
    failure = refused(provider, asked(**body), model, stream=stream)
    assert (failure.kind, failure.param) == ("unsupported", param)


@pytest.mark.parametrize("provider", FOREIGN)
@pytest.mark.parametrize(
    "body",
    [
        {"store": True, "metadata": {"a": "b"}, "service_tier": "flex", "verbosity": "low"},
        {"prompt_cache_key": "k", "prediction": {"type": "content", "content": "x"}},
        {"n": 1, "logprobs": False, "top_logprobs": 0, "logit_bias": {}, "parallel_tool_calls": True},
        {"presence_penalty": 0, "frequency_penalty": 0.0, "modalities": ["text"], "seed": None},
        {"response_format": {"type": "text"}, "stop": None, "tools": [], "tool_choice": "auto"},
    ],
)
def test_hints_and_what_asks_for_nothing_pass(provider, body):
    made, bare = sent(provider, asked(**body)), sent(provider, asked())
    for name in ("options", "generationConfig"):
        made.pop(name, None)
    assert made == bare


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-60")])
@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("anthropic", ("temperature",)),
        ("google", ("generationConfig", "temperature")),
        ("ollama", ("options", "temperature")),
    ],
)
def test_a_temperature_of_zero_stays(provider, path, id_):
    value: Any = sent(provider, asked(temperature=0))
    for name in path:
        value = value[name]
    assert value == 0


@pytest.mark.parametrize("provider", FOREIGN)
@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([{"role": "user", "content": [{"type": "hologram"}]}], "messages[0].content[0]"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "messages[0].content[0]"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "/etc/passwd"}}]}],
            "messages[0].content[0].image_url.url",
        ),
        ([{"role": "assistant", "tool_calls": [{"id": "c"}]}], "messages[0].tool_calls[0]"),
        (
            [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]}],
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "[]"}}]}],
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_message_that_means_nothing_is_the_callers_mistake(provider, messages, param):
    failure = refused(provider, asked(messages=messages))
    assert (failure.kind, failure.status, failure.code) == ("caller", 400, "invalid_value")
    assert failure.param.startswith(param)


@pytest.mark.parametrize("provider", FOREIGN)
def test_a_result_of_no_call(provider):
    result = {"role": "tool", "content": "1"}
    if provider == "ollama":
        assert sent(provider, asked(messages=[result]))["messages"][0]["tool_name"] == ""
    else:
        assert refused(provider, asked(messages=[result])).param == "messages[0].tool_call_id"


@pytest.mark.parametrize(("provider", "model"), MODELS.items())
def test_passages_become_prompt_text(provider, model):
    passage = Passage(id="p", document_id="d", document="a.md", start=0, end=1, text="Sky is blue.")
    made = asked(messages=[{"role": "system", "content": "Be short."}, USER])
    request = ChatRequest(made.body, "m", made.messages, False, False, [passage])
    text = json.dumps(sent(provider, request, model))
    assert "[1] a.md\\nSky is blue." in text
    assert text.index("Be short.") < text.index("Sky is blue.")


@pytest.mark.parametrize(
    ("mode", "chosen"), [("auto", None), ("required", {"type": "any"})], ids=["auto", "required"]
)
def test_only_the_allowed_tools_are_offered(mode, chosen):
    other = {"type": "function", "function": {"name": "g"}}
    allowed = {"mode": mode, "tools": [{"type": "function", "function": {"name": "g"}}]}
    body = {"tools": [TOOL, other], "tool_choice": {"type": "allowed_tools", "allowed_tools": allowed}}
    made = sent("anthropic", asked(**body))
    assert [tool["name"] for tool in made["tools"]] == ["g"]
    assert made.get("tool_choice") == chosen


@pytest.mark.parametrize(
    ("model", "effort", "limit", "made"),
    [
        ("claude-opus-5", "minimal", None, {"thinking": {"type": "adaptive"}, "effort": "low"}),
        ("claude-sonnet-4-6", "max", None, {"thinking": {"type": "adaptive"}, "effort": "max"}),
        ("claude-mythos-preview", "high", None, {"thinking": {"type": "adaptive"}, "effort": "high"}),
        ("claude-opus-5", "none", None, {"thinking": {"type": "disabled"}}),
        ("claude-opus-4-20250514", "low", None, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        ("claude-3-7-sonnet-latest", "high", 4000, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        ("claude-haiku-4-5", "high", 100, {}),
        ("claude-haiku-4-5", "none", None, {}),
    ],
)
def test_how_much_claude_thinks(model, effort, limit, made):
    body = sent("anthropic", asked(reasoning_effort=effort, max_tokens=limit), model)
    config = body.get("output_config", {})
    assert {name: body[name] for name in ("thinking",) if name in body} | config == made


@pytest.mark.parametrize(
    ("model", "blocks", "thinks"),
    [
        ("claude-haiku-4-5", None, False),
        ("claude-haiku-4-5", [{"type": "thinking", "thinking": "Hm.", "signature": "s"}], True),
        ("claude-opus-5", None, True),
    ],
)
def test_an_older_model_goes_on_without_thinking_where_its_thoughts_are_lost(model, blocks, thinks):
    called = {"role": "assistant", "content": None, "tool_calls": [CALL], "thinking_blocks": blocks}
    result = {"role": "tool", "tool_call_id": "c1", "content": "1"}
    asking = asked(messages=[USER, called, result], tools=[TOOL], reasoning_effort="low")
    assert ("thinking" in sent("anthropic", asking, model)) == thinks


@pytest.mark.parametrize(
    ("model", "effort", "made"),
    [
        ("gemini-2.5-pro", "low", {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", "max", {"thinkingBudget": 24_576}),
        ("gemini-3.5-flash", "xhigh", {"thinkingLevel": "high"}),
        ("gemini-3-pro-preview", "none", {"thinkingLevel": "minimal"}),
        ("gemini-flash-latest", "medium", {"thinkingLevel": "medium"}),
    ],
)
def test_how_much_gemini_thinks(model, effort, made):
    body = sent("google", asked(reasoning_effort=effort), model)
    assert body["generationConfig"]["thinkingConfig"] == made


@pytest.mark.parametrize(
    ("provider", "given", "made"),
    [
        (
            "anthropic",
            {"thinking": {"type": "disabled"}, "reasoning_effort": "low"},
            {"thinking": {"type": "disabled"}},
        ),
        ("anthropic", {"output_config": {"effort": "max"}, "response_format": SCHEMA}, {}),
        (
            "google",
            {"thinkingConfig": {"includeThoughts": True}, "cachedContent": "c/1"},
            {"cachedContent": "c/1"},
        ),
        ("ollama", {"think": True, "num_ctx": 4096, "truncate": False}, {"think": True, "truncate": False}),
    ],
)
def test_a_providers_own_fields_are_passed_on(provider, given, made):
    body = sent(provider, asked(**given))
    assert {name: body[name] for name in made} == made
    if provider == "anthropic" and "output_config" in given:
        assert body["output_config"]["effort"] == "max"
        assert body["output_config"]["format"]["type"] == "json_schema"
    if provider == "google":
        assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True}
    if provider == "ollama":
        assert body["options"] == {"num_ctx": 4096}


def test_a_newer_version_of_anthropics_api_takes_no_sampling():
    wire = wire_format("anthropic", api_version="2026-10-21")
    with pytest.raises(ProviderFailure, match="temperature"):
        wire.chat("claude-haiku-4-5", asked(temperature=0), stream=False)
    body = json.loads(wire.chat("claude-haiku-4-5", asked(temperature=1, top_p=1), stream=False).body)
    assert {"temperature", "top_p"} & set(body) == set()
    assert wire.headers("k") == {"x-api-key": "k", "anthropic-version": "2026-10-21"}


@pytest.mark.parametrize(
    ("provider", "place"),
    [("google", "fileData"), ("anthropic", '"type":"url"'), ("ollama", None)],
)
def test_an_image_that_lies_elsewhere(provider, place):
    part = {"type": "image_url", "image_url": {"url": "https://example.org/a"}}
    request = asked(messages=[{"role": "user", "content": [part]}])
    if place is None:
        assert refused(provider, request).param == "messages[0].content[0]"
    else:
        assert place in json.dumps(sent(provider, request), separators=(",", ":"))


def test_a_turn_without_content_is_left_out():
    messages = [USER, {"role": "assistant", "content": ""}, USER]
    assert [turn["role"] for turn in sent("anthropic", asked(messages=messages))["messages"]] == ["user"]
    assert [turn["role"] for turn in sent("google", asked(messages=messages))["contents"]] == ["user"]


@pytest.mark.parametrize("provider", FOREIGN)
def test_a_refusal_is_remembered(provider):
    messages = [USER, {"role": "assistant", "content": "", "refusal": "I will not."}, USER]
    assert "I will not." in json.dumps(sent(provider, asked(messages=messages)))


def test_the_docs_name_every_field_that_is_left_out_or_passed_on():
    page = (Path(__file__).resolve().parents[4] / "docs/how-to/providers.md").read_text(encoding="utf-8")
    named = {
        *(HINTS - {"stream", "stream_options"}),
        *anthropic.NATIVE,
        *google.NATIVE,
        *google.NATIVE_CONFIG,
        *ollama.NATIVE,
        *ollama.NATIVE_OPTIONS,
    }
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []

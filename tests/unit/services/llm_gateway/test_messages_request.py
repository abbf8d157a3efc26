"""Anthropic's Messages as a chat: the public reference of POST /v1/messages, field for field."""

import pytest

from wattos_platform.services.llm_gateway.domain.dialects.messages.dialect import MessagesDialect
from wattos_platform.services.llm_gateway.domain.dialects.messages.request import parse_count
from wattos_platform.services.llm_gateway.domain.refusals import Refusal
from wattos_platform.services.llm_gateway.domain.tokens import estimated_prompt

DIALECT = MessagesDialect()
HI = {"role": "user", "content": "Hi"}
ASK = {"model": "gpt-4o", "max_tokens": 64, "messages": [HI]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "get_weather", "description": "Current weather", "input_schema": SCHEMA}
CHAT_TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Current weather", "parameters": SCHEMA},
}
TEXT = {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral"}}
CHAT_TEXT = {"type": "text", "text": "What is this?"}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
CHAT_PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Köln"}}
CHAT_USE = {
    "id": "toolu_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Köln"}'},
}


def chat_of(**change) -> dict:
    return dict(DIALECT.parse({**ASK, **change}).body)


def result(content=None) -> dict:
    block = {"type": "tool_result", "tool_use_id": "toolu_1"}
    return block if content is None else {**block, "content": content}


def chat_result(content) -> dict:
    return {"role": "tool", "tool_call_id": "toolu_1", "content": content}


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        pytest.param([HI], [HI], id="text"),
        pytest.param(
            [{"role": "user", "content": [TEXT]}], [{"role": "user", "content": "What is this?"}], id="block"
        ),
        pytest.param(
            [{"role": "user", "content": [PNG, TEXT]}],
            [{"role": "user", "content": [CHAT_PNG, CHAT_TEXT]}],
            id="picture",
        ),
        pytest.param(
            [
                {
                    "role": "user",
                    "content": [{"type": "image", "source": {"type": "url", "url": "https://x/a.png"}}],
                }
            ],
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/a.png"}}]}],
            id="picture-elsewhere",
        ),
        pytest.param(
            [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "document",
                            "title": "a.pdf",
                            "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
                        },
                        {
                            "type": "document",
                            "source": {"type": "text", "media_type": "text/plain", "data": "Sky."},
                        },
                    ],
                }
            ],
            [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "file",
                            "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
                        },
                        {"type": "text", "text": "Sky."},
                    ],
                }
            ],
            id="documents",
        ),
        pytest.param(
            [
                HI,
                {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, USE]},
                {"role": "user", "content": [result("Rain"), {"type": "text", "text": "And?"}]},
            ],
            [
                HI,
                {"role": "assistant", "content": "Let me see.", "tool_calls": [CHAT_USE]},
                chat_result("Rain"),
                {"role": "user", "content": "And?"},
            ],
            id="a-call-and-its-result",
        ),
        pytest.param(
            [
                {"role": "assistant", "content": [USE, {"type": "text", "text": "One moment."}]},
                {"role": "user", "content": [result([{"type": "text", "text": "Rain"}])]},
            ],
            [
                {"role": "assistant", "content": "One moment.", "tool_calls": [CHAT_USE]},
                chat_result("Rain"),
            ],
            id="words-behind-a-call",
        ),
        pytest.param(
            [{"role": "user", "content": [result()]}], [chat_result("")], id="a-result-without-content"
        ),
        pytest.param(
            [{"role": "user", "content": [result([{"type": "text", "text": "See:"}, PNG])]}],
            [chat_result([{"type": "text", "text": "See:"}, CHAT_PNG])],
            id="a-result-with-a-picture",
        ),
        pytest.param(
            [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                        {"type": "redacted_thinking", "data": "x"},
                        {"type": "text", "text": "4"},
                    ],
                }
            ],
            [{"role": "assistant", "content": "4"}],
            id="thinking-is-passed-over",
        ),
        pytest.param(
            [HI, {"role": "system", "content": "Be brief."}],
            [HI, {"role": "system", "content": "Be brief."}],
            id="system-among-messages",
        ),
    ],
)
def test_blocks_become_messages(given, messages):
    assert chat_of(messages=given)["messages"] == messages


@pytest.mark.parametrize(
    ("system", "content"),
    [
        pytest.param("Be brief.", "Be brief.", id="text"),
        pytest.param([{"type": "text", "text": "Be brief."}], "Be brief.", id="block"),
        pytest.param([TEXT, TEXT], [CHAT_TEXT, CHAT_TEXT], id="blocks"),
    ],
)
def test_system_comes_first(system, content):
    assert chat_of(system=system)["messages"] == [{"role": "system", "content": content}, HI]


@pytest.mark.parametrize(
    ("asked", "chat"),
    [
        pytest.param({"max_tokens": 1_000_000}, {"max_completion_tokens": 1_000_000}, id="limit"),
        pytest.param(
            {"temperature": 0, "top_p": 0.5, "top_k": 4, "stop_sequences": ["END"], "stream": True},
            {"temperature": 0, "top_p": 0.5, "top_k": 4, "stop": ["END"], "stream": True},
            id="sampling",
        ),
        pytest.param({"metadata": {"user_id": "u"}}, {"user": "u"}, id="user"),
        pytest.param({"tools": [TOOL]}, {"tools": [CHAT_TOOL]}, id="tools"),
        pytest.param({"tools": [{**TOOL, "type": "custom"}]}, {"tools": [CHAT_TOOL]}, id="custom-tool"),
        pytest.param({"tools": [], "tool_choice": {"type": "auto"}}, {}, id="no-tools"),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
            {"tools": [CHAT_TOOL], "tool_choice": "required", "parallel_tool_calls": False},
            id="some-tool",
        ),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "get_weather"}},
            {
                "tools": [CHAT_TOOL],
                "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
            },
            id="this-tool",
        ),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "none"}},
            {"tools": [CHAT_TOOL], "tool_choice": "none"},
            id="no-tool",
        ),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            {"reasoning_effort": "low"},
            id="think-little",
        ),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 8000}},
            {"reasoning_effort": "medium"},
            id="think",
        ),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 50_000}},
            {"reasoning_effort": "high"},
            id="think-hard",
        ),
        pytest.param({"thinking": {"type": "adaptive"}}, {}, id="think-as-you-like"),
        pytest.param({"thinking": {"type": "disabled"}}, {}, id="do-not-think"),
        pytest.param(
            {"output_config": {"effort": "low"}, "thinking": {"type": "enabled", "budget_tokens": 50_000}},
            {"reasoning_effort": "low"},
            id="effort",
        ),
        pytest.param(
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
                }
            },
            id="json-schema",
        ),
        pytest.param(
            {
                "service_tier": "auto",
                "cache_control": {"type": "ephemeral"},
                "speed": "fast",
                "container": None,
            },
            {},
            id="without-effect",
        ),
    ],
)
def test_fields_become_those_of_a_chat(asked, chat):
    assert chat_of(**asked) == {"model": "gpt-4o", "messages": [HI], "max_completion_tokens": 64, **chat}


def user(*blocks) -> dict:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


BLOCK = "messages[0].content[0]"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        pytest.param({"model": None}, "model", id="no-model"),
        pytest.param({"model": 5}, "model", id="model-is-a-number"),
        pytest.param({"max_tokens": None}, "max_tokens", id="no-limit"),
        pytest.param({"max_tokens": 0}, "max_tokens", id="limit-0"),
        pytest.param({"max_tokens": "64"}, "max_tokens", id="limit-is-text"),
        pytest.param({"messages": None}, "messages", id="no-messages"),
        pytest.param({"messages": []}, "messages", id="empty-messages"),
        pytest.param({"messages": {}}, "messages", id="messages-is-an-object"),
        pytest.param({"messages": ["a"]}, "messages[0]", id="message-is-text"),
        pytest.param({"messages": [{"content": "a"}]}, "messages[0].role", id="no-role"),
        pytest.param({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role", id="role"),
        pytest.param({"messages": [{"role": "user"}]}, "messages[0].content", id="no-content"),
        pytest.param(
            {"messages": [{"role": "user", "content": []}]}, "messages[0].content", id="empty-content"
        ),
        pytest.param({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", id="content"),
        pytest.param(user("a"), BLOCK, id="block-is-text"),
        pytest.param(user({}), f"{BLOCK}.type", id="no-block-type"),
        pytest.param(user({"type": "text"}), f"{BLOCK}.text", id="no-text"),
        pytest.param(user({"type": "search_result"}), f"{BLOCK}.type", id="search-result"),
        pytest.param(user(USE), f"{BLOCK}.type", id="a-call-by-the-user"),
        pytest.param(user({"type": "tool_result"}), f"{BLOCK}.tool_use_id", id="result-of-nothing"),
        pytest.param(user(result([{"type": "x"}])), f"{BLOCK}.content[0].type", id="result-block"),
        pytest.param(user({"type": "image"}), f"{BLOCK}.source", id="no-source"),
        pytest.param(
            user({"type": "image", "source": {"type": "file"}}), f"{BLOCK}.source.type", id="kept-file"
        ),
        pytest.param(
            user({"type": "image", "source": {"type": "base64", "media_type": "image/tiff", "data": "x"}}),
            f"{BLOCK}.source.media_type",
            id="media-type",
        ),
        pytest.param(
            user({"type": "image", "source": {"type": "base64", "media_type": "image/png"}}),
            f"{BLOCK}.source.data",
            id="no-data",
        ),
        pytest.param(
            user({"type": "document", "source": {"type": "url", "url": "x"}}),
            f"{BLOCK}.source.type",
            id="document",
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "content": [{**USE, "input": "x"}]}]},
            f"{BLOCK}.input",
            id="input",
        ),
        pytest.param({"system": 5}, "system", id="system"),
        pytest.param({"system": [PNG]}, "system[0].type", id="a-picture-as-system"),
        pytest.param(
            {"tools": [{"type": "web_search_20250305", "name": "w"}]}, "tools[0].type", id="server-tool"
        ),
        pytest.param({"tools": [{"name": "f"}]}, "tools[0].input_schema", id="no-schema"),
        pytest.param({"tools": [{"input_schema": {}}]}, "tools[0].name", id="no-tool-name"),
        pytest.param({"tools": "x"}, "tools", id="tools"),
        pytest.param({"tool_choice": {"type": "any"}}, "tool_choice", id="choice-without-tools"),
        pytest.param({"tool_choice": "auto"}, "tool_choice", id="choice-is-text"),
        pytest.param({"tools": [TOOL], "tool_choice": {}}, "tool_choice.type", id="no-choice-type"),
        pytest.param({"tools": [TOOL], "tool_choice": {"type": "x"}}, "tool_choice.type", id="choice-type"),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "tool"}}, "tool_choice.name", id="choice-name"
        ),
        pytest.param({"temperature": -0.1}, "temperature", id="negative-temperature"),
        pytest.param({"temperature": 1.5}, "temperature", id="temperature-beyond-1"),
        pytest.param({"top_p": "x"}, "top_p", id="top-p"),
        pytest.param({"top_k": -1}, "top_k", id="top-k"),
        pytest.param({"stop_sequences": "END"}, "stop_sequences", id="stop-is-text"),
        pytest.param({"stop_sequences": [1]}, "stop_sequences[0]", id="stop"),
        pytest.param({"stream": "yes"}, "stream", id="stream"),
        pytest.param({"metadata": "x"}, "metadata", id="metadata"),
        pytest.param({"metadata": {"user_id": 5}}, "metadata.user_id", id="user"),
        pytest.param({"thinking": {}}, "thinking.type", id="no-thinking-type"),
        pytest.param({"thinking": {"type": "enabled"}}, "thinking.budget_tokens", id="no-budget"),
        pytest.param({"output_config": {"effort": 5}}, "output_config.effort", id="effort"),
        pytest.param({"output_config": {"format": {}}}, "output_config.format.type", id="no-format-type"),
        pytest.param(
            {"output_config": {"format": {"type": "json_schema"}}},
            "output_config.format.schema",
            id="no-format-schema",
        ),
        pytest.param({"container": "c"}, "container", id="container"),
        pytest.param({"mcp_servers": [{}]}, "mcp_servers", id="mcp"),
        pytest.param({"n": 2}, "n", id="a-field-of-chat"),
    ],
)
def test_a_refusal_names_the_field_and_says_why(change, param):
    body = {name: value for name, value in {**ASK, **change}.items() if value is not None}
    with pytest.raises(Refusal) as caught:
        DIALECT.parse(body)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert param in caught.value.message


@pytest.mark.parametrize("body", [None, [], "a", 5])
def test_a_body_is_an_object(body):
    with pytest.raises(Refusal):
        DIALECT.parse(body)


def test_counting_needs_no_limit_and_counts_tools_and_calls():
    asked = {"model": "gpt-4o", "messages": [HI]}
    bare = estimated_prompt(parse_count(asked))
    with_tools = estimated_prompt(parse_count({**asked, "tools": [TOOL]}))
    called = [HI, {"role": "assistant", "content": [USE]}, {"role": "user", "content": [result("Rain")]}]
    assert (
        0 < bare < with_tools < estimated_prompt(parse_count({**asked, "tools": [TOOL], "messages": called}))
    )


@pytest.mark.parametrize(
    ("param", "named"),
    [
        ("messages[3].content", "messages"),
        ("max_completion_tokens", "max_tokens"),
        ("response_format", "output_config.format"),
        ("tools[0].function.name", "tools[0].function.name"),
    ],
)
def test_a_providers_complaint_is_told_in_the_callers_words(param, named):
    assert DIALECT.named(param) == named

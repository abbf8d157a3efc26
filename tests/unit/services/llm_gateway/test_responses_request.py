"""OpenAI's Responses as a chat: the public reference of POST /v1/responses, field for field."""

import pytest

from wattos_platform.services.llm_gateway.domain.dialects.responses.dialect import ResponsesDialect
from wattos_platform.services.llm_gateway.domain.refusals import Refusal

DIALECT = ResponsesDialect()
ASK = {"model": "gpt-4o", "input": "Tell me a joke."}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Current weather",
    "parameters": SCHEMA,
    "strict": True,
}
CHAT_TOOL = {"type": "function", "function": {name: TOOL[name] for name in TOOL if name != "type"}}
NAMED = {"type": "function", "function": {"name": "get_weather"}}


def chat_of(**change) -> dict:
    return dict(DIALECT.parse({**ASK, **change}).body)


def call_of(number: int, arguments: str = "{}") -> dict:
    return {"type": "function_call", "call_id": f"c{number}", "name": "f", "arguments": arguments}


def chat_call(number: int, arguments: str = "{}") -> dict:
    return {"id": f"c{number}", "type": "function", "function": {"name": "f", "arguments": arguments}}


def output_of(number: int, output) -> dict:
    return {"type": "function_call_output", "call_id": f"c{number}", "output": output}


def chat_output(number: int, content) -> dict:
    return {"role": "tool", "tool_call_id": f"c{number}", "content": content}


IMAGE = {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"}
CHAT_IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
TEXT = {"type": "input_text", "text": "What is this?"}
CHAT_TEXT = {"type": "text", "text": "What is this?"}
SAID = {"type": "output_text", "text": "Rain. ", "annotations": []}


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        pytest.param("Hi", [{"role": "user", "content": "Hi"}], id="text"),
        pytest.param(
            [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            id="easy-messages",
        ),
        pytest.param(
            [{"type": "message", "role": "user", "content": [TEXT]}],
            [{"role": "user", "content": "What is this?"}],
            id="one-text-part",
        ),
        pytest.param(
            [{"role": "user", "content": [TEXT, IMAGE]}],
            [{"role": "user", "content": [CHAT_TEXT, CHAT_IMAGE]}],
            id="picture",
        ),
        pytest.param(
            [
                {
                    "role": "user",
                    "content": [{"type": "input_file", "file_data": "data:x", "filename": "a.pdf"}],
                }
            ],
            [
                {
                    "role": "user",
                    "content": [{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:x"}}],
                }
            ],
            id="file",
        ),
        pytest.param(
            [
                {
                    "id": "msg_1",
                    "type": "message",
                    "role": "assistant",
                    "status": "completed",
                    "content": [SAID, {"type": "refusal", "refusal": "No."}],
                },
            ],
            [{"role": "assistant", "content": "Rain. No."}],
            id="what-the-assistant-said",
        ),
        pytest.param(
            [call_of(1, '{"a":1}'), output_of(1, "ok")],
            [
                {"role": "assistant", "content": None, "tool_calls": [chat_call(1, '{"a":1}')]},
                chat_output(1, "ok"),
            ],
            id="a-call-and-its-result",
        ),
        pytest.param(
            [
                {"role": "assistant", "content": "Let me see."},
                call_of(1),
                call_of(2),
                output_of(1, [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "!"}]),
                output_of(2, "two"),
            ],
            [
                {"role": "assistant", "content": "Let me see.", "tool_calls": [chat_call(1), chat_call(2)]},
                chat_output(1, "one!"),
                chat_output(2, "two"),
            ],
            id="parallel-calls-join-the-assistants-words",
        ),
        pytest.param(
            [call_of(1), {"role": "assistant", "content": "One moment."}, output_of(1, "ok")],
            [
                {"role": "assistant", "content": "One moment.", "tool_calls": [chat_call(1)]},
                chat_output(1, "ok"),
            ],
            id="nothing-stands-between-call-and-result",
        ),
        pytest.param(
            [{"type": "reasoning", "id": "rs_1", "summary": []}, {"role": "user", "content": "Hi"}],
            [{"role": "user", "content": "Hi"}],
            id="earlier-reasoning-is-passed-over",
        ),
    ],
)
def test_input_becomes_messages(given, messages):
    assert chat_of(input=given)["messages"] == messages


@pytest.mark.parametrize(
    ("asked", "chat"),
    [
        pytest.param({"max_output_tokens": 1_000_000}, {"max_completion_tokens": 1_000_000}, id="limit"),
        pytest.param({"temperature": 0, "top_p": 0.5}, {"temperature": 0, "top_p": 0.5}, id="sampling"),
        pytest.param(
            {"stream": True, "stream_options": {"include_obfuscation": False}}, {"stream": True}, id="stream"
        ),
        pytest.param(
            {"reasoning": {"effort": "low", "summary": "auto"}}, {"reasoning_effort": "low"}, id="effort"
        ),
        pytest.param({"text": {"format": {"type": "text"}}}, {}, id="plain-text"),
        pytest.param({"text": {"verbosity": "low"}}, {"verbosity": "low"}, id="verbosity"),
        pytest.param(
            {"text": {"format": {"type": "json_object"}}},
            {"response_format": {"type": "json_object"}},
            id="json",
        ),
        pytest.param(
            {"text": {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "place", "schema": SCHEMA, "strict": True},
                }
            },
            id="json-schema",
        ),
        pytest.param({"tools": [TOOL]}, {"tools": [CHAT_TOOL]}, id="tools"),
        pytest.param({"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}, {}, id="no-tools"),
        pytest.param(
            {"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False},
            {"tools": [CHAT_TOOL], "tool_choice": "required", "parallel_tool_calls": False},
            id="some-tool",
        ),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "function", "name": "get_weather"}},
            {"tools": [CHAT_TOOL], "tool_choice": NAMED},
            id="this-tool",
        ),
        pytest.param(
            {
                "tools": [TOOL],
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "required",
                    "tools": [{"type": "function", "name": "get_weather"}],
                },
            },
            {
                "tools": [CHAT_TOOL],
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "required", "tools": [NAMED]},
                },
            },
            id="allowed-tools",
        ),
        pytest.param({"top_logprobs": 2}, {"logprobs": True, "top_logprobs": 2}, id="logprobs"),
        pytest.param(
            {"include": ["message.output_text.logprobs"]}, {"logprobs": True}, id="included-logprobs"
        ),
        pytest.param(
            {"user": "u", "service_tier": "flex", "prompt_cache_key": "k", "safety_identifier": "s"},
            {"user": "u", "service_tier": "flex", "prompt_cache_key": "k", "safety_identifier": "s"},
            id="passed-on",
        ),
        pytest.param(
            {
                "store": True,
                "metadata": {"a": "b"},
                "truncation": "auto",
                "include": ["reasoning.encrypted_content"],
                "max_tool_calls": 3,
                "background": False,
                "previous_response_id": None,
                "instructions": None,
            },
            {},
            id="without-effect",
        ),
    ],
)
def test_fields_become_those_of_a_chat(asked, chat):
    assert chat_of(**asked) == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "Tell me a joke."}],
        **chat,
    }


def test_instructions_come_first_and_nothing_of_the_request_is_lost():
    request = DIALECT.parse({**ASK, "instructions": "Be brief."})
    assert request.messages[0] == {"role": "system", "content": "Be brief."}
    assert request.asked["instructions"] == "Be brief."
    assert request.raw == b""


@pytest.mark.parametrize(
    ("change", "param"),
    [
        pytest.param({"model": None}, "model", id="no-model"),
        pytest.param({"model": ["a"]}, "model", id="model-is-a-list"),
        pytest.param({"input": None}, "input", id="no-input"),
        pytest.param({"input": []}, "input", id="empty-input"),
        pytest.param({"input": 5}, "input", id="input-is-a-number"),
        pytest.param({"input": ["a"]}, "input[0]", id="item-is-text"),
        pytest.param({"input": [{"role": "robot", "content": "a"}]}, "input[0].role", id="role"),
        pytest.param({"input": [{"content": "a"}]}, "input[0].role", id="no-role"),
        pytest.param({"input": [{"role": "user"}]}, "input[0].content", id="no-content"),
        pytest.param({"input": [{"role": "user", "content": 5}]}, "input[0].content", id="content"),
        pytest.param({"input": [{"role": "user", "content": ["a"]}]}, "input[0].content[0]", id="part"),
        pytest.param(
            {"input": [{"role": "user", "content": [{"text": "a"}]}]},
            "input[0].content[0].type",
            id="no-type",
        ),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "video"}]}]},
            "input[0].content[0].type",
            id="video",
        ),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_text"}]}]},
            "input[0].content[0].text",
            id="no-text",
        ),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0].file_id",
            id="kept-picture",
        ),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input[0].content[0].image_url",
            id="no-picture",
        ),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "http://x"}]}]},
            "input[0].content[0].file_url",
            id="file-elsewhere",
        ),
        pytest.param({"input": [{"type": 5}]}, "input[0].type", id="type-is-a-number"),
        pytest.param({"input": [{"type": "web_search_call"}]}, "input[0].type", id="built-in-call"),
        pytest.param({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]", id="kept-item"),
        pytest.param(
            {"input": [{"type": "function_call", "call_id": "c", "name": "f"}]},
            "input[0].arguments",
            id="no-arguments",
        ),
        pytest.param(
            {"input": [{"type": "function_call", "call_id": "", "name": "f"}]}, "input[0].call_id", id="id"
        ),
        pytest.param({"input": [output_of(1, None)]}, "input[0].output", id="no-output"),
        pytest.param({"instructions": ["a"]}, "instructions", id="instructions"),
        pytest.param({"previous_response_id": "resp_1"}, "previous_response_id", id="kept-response"),
        pytest.param({"conversation": "c"}, "conversation", id="kept-conversation"),
        pytest.param({"background": True}, "background", id="background"),
        pytest.param({"background": "yes"}, "background", id="background-is-text"),
        pytest.param({"prompt": {"id": "p"}}, "prompt", id="kept-prompt"),
        pytest.param({"tools": {}}, "tools", id="tools-is-an-object"),
        pytest.param({"tools": ["a"]}, "tools[0]", id="tool-is-text"),
        pytest.param({"tools": [{"type": "web_search"}]}, "tools[0].type", id="web-search"),
        pytest.param({"tools": [TOOL, {"type": "mcp"}]}, "tools[1].type", id="mcp"),
        pytest.param({"tools": [{"name": "f"}]}, "tools[0].type", id="no-tool-type"),
        pytest.param({"tools": [{"type": "function"}]}, "tools[0].name", id="no-tool-name"),
        pytest.param({"tools": [{**TOOL, "parameters": "x"}]}, "tools[0].parameters", id="parameters"),
        pytest.param({"tools": [{**TOOL, "strict": 1}]}, "tools[0].strict", id="strict"),
        pytest.param({"tool_choice": "required"}, "tool_choice", id="choice-without-tools"),
        pytest.param({"tools": [TOOL], "tool_choice": "must"}, "tool_choice", id="choice"),
        pytest.param({"tools": [TOOL], "tool_choice": 5}, "tool_choice", id="choice-is-a-number"),
        pytest.param({"tools": [TOOL], "tool_choice": {"type": "mcp"}}, "tool_choice.type", id="choice-type"),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "function"}}, "tool_choice.name", id="choice-name"
        ),
        pytest.param({"parallel_tool_calls": "no"}, "parallel_tool_calls", id="parallel"),
        pytest.param({"text": "json"}, "text", id="text"),
        pytest.param({"text": {"format": {}}}, "text.format.type", id="no-format-type"),
        pytest.param({"text": {"format": {"type": "xml"}}}, "text.format.type", id="format-type"),
        pytest.param(
            {"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format.schema", id="no-schema"
        ),
        pytest.param(
            {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}}, "text.format.name", id="no-name"
        ),
        pytest.param({"reasoning": "high"}, "reasoning", id="reasoning"),
        pytest.param({"reasoning": {"effort": 5}}, "reasoning.effort", id="effort"),
        pytest.param({"max_output_tokens": 0}, "max_output_tokens", id="no-tokens"),
        pytest.param({"max_output_tokens": 1.5}, "max_output_tokens", id="half-a-token"),
        pytest.param({"temperature": -0.1}, "temperature", id="negative-temperature"),
        pytest.param({"temperature": True}, "temperature", id="temperature-is-true"),
        pytest.param({"top_p": 1.1}, "top_p", id="top-p"),
        pytest.param({"top_logprobs": 21}, "top_logprobs", id="top-logprobs"),
        pytest.param({"truncation": "always"}, "truncation", id="truncation"),
        pytest.param({"store": 1}, "store", id="store"),
        pytest.param({"include": "all"}, "include", id="include"),
        pytest.param({"metadata": {"a": 1}}, "metadata.a", id="metadata"),
        pytest.param({"metadata": {str(n): "" for n in range(17)}}, "metadata", id="much-metadata"),
        pytest.param({"metadata": {"a": "x" * 513}}, "metadata.a", id="long-metadata"),
        pytest.param({"stream": 1}, "stream", id="stream"),
        pytest.param({"stream_options": {}}, "stream_options", id="options-without-stream"),
        pytest.param({"messages": []}, "messages", id="a-field-of-chat"),
        pytest.param({"wattos_context": 5}, "wattos_context", id="passages"),
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


@pytest.mark.parametrize(
    ("param", "named"),
    [
        ("messages[3].content", "input"),
        ("max_completion_tokens", "max_output_tokens"),
        ("response_format", "text.format"),
        ("tools[0].function.name", "tools[0].function.name"),
        ("model", "model"),
    ],
)
def test_a_providers_complaint_is_told_in_the_callers_words(param, named):
    assert DIALECT.named(param) == named

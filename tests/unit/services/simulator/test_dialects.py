"""Whatever a body holds, a dialect answers or refuses: it never breaks, and what it says can be sent."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattos_platform.services.simulator.delivery import plain
from wattos_platform.services.simulator.domain.behaviour import Behaviour
from wattos_platform.services.simulator.domain.dialects.table import mounts
from wattos_platform.services.simulator.domain.json_instance import instance_of
from wattos_platform.services.simulator.domain.reply import Head
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal

POSTS = [mount for mount in mounts() if mount.method == "POST"]
HEADERS = {"anthropic-version": "2023-06-01"}
QUERY = {"alt": "sse", "api-version": "1"}
PATH = {"model": "m", "deployment": "d"}
MEMBERS = (
    "model", "messages", "role", "content", "text", "type", "tools", "function", "name", "parameters",
    "input_schema", "tool_choice", "stream", "response_format", "json_schema", "schema", "format",
    "max_tokens", "input", "instructions", "prompt", "contents", "parts", "generationConfig",
    "functionDeclarations", "toolConfig", "functionCallingConfig", "mode", "allowedFunctionNames",
    "systemInstruction", "thinking", "think", "options", "num_predict", "requests", "dimensions",
    "encoding_format", "stream_options", "output_config", "required", "properties", "items", "enum",
    "anyOf", "allOf", "$ref", "minItems", "minimum", "maximum", "multipleOf", "maxLength",
)  # fmt: skip
NAMES = st.sampled_from(MEMBERS)
WORDS = st.sampled_from(
    ["user", "tool", "function", "json_schema", "enabled", "object", "array", "#/properties", "any"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=8)
LIKELY = {"model": "m", "messages": [], "contents": [{}], "input": "x", "prompt": "x", "max_tokens": 5}


@pytest.mark.parametrize("mount", POSTS, ids=lambda mount: f"{mount.provider.name} {mount.path}")
@given(body=OBJECTS, likely=st.booleans())
@settings(max_examples=40)
def test_a_dialect_answers_or_refuses(mount, body, likely):
    sent = msgspec.json.decode(msgspec.json.encode({**(LIKELY if likely else {}), **body}))
    behaviour, head = (
        Behaviour(tool_call="first", reasoning_tokens=2, embedding_dimensions=4),
        Head("id", 0.0),
    )
    try:
        reply = mount.operation(Incoming(sent, HEADERS, QUERY, PATH), behaviour, head)
    except Refusal as refusal:
        plain.encode(mount.provider.error(refusal, head))
        return
    plain.encode(reply.whole())
    tokens = 0
    for event in reply.events():
        plain.framed(event, reply.framing)
        tokens += event.tokens
    if reply.stream:
        assert tokens == plain.visible(reply)


@given(OBJECTS)
@settings(max_examples=300)
def test_any_schema_has_an_instance(schema):
    plain.encode(instance_of(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**15, "items": {"type": "string", "minLength": 10**15}},
        {
            "$ref": "#/$defs/n",
            "$defs": {"n": {"type": "array", "minItems": 9, "items": {"$ref": "#/$defs/n"}}},
        },
        {"type": "integer", "multipleOf": 0, "minimum": 10**400},
        {"type": "number", "minimum": float("inf"), "multipleOf": -3},
    ],
)
def test_a_schema_that_asks_for_the_moon_gets_a_document(schema):
    assert len(plain.encode(instance_of(schema))) < 200_000_000

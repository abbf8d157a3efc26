"""Whatever JSON comes in, from callers or providers: an answer or a refusal, never a crash."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.llm.dialects import USAGE, part, whole
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest, parse_chat
from wattos_platform.services.llm_gateway.domain.dialects import DIALECTS
from wattos_platform.services.llm_gateway.domain.refusals import Refusal
from wattos_platform.services.llm_gateway.domain.tokens import estimated_prompt

MESSAGE = {"role": "user", "content": [{"type": "text", "text": "Hi"}]}
TOOL = {"name": "f", "description": "d", "input_schema": {"type": "object"}}
BODIES: dict[str, dict[str, Any]] = {
    "responses": {
        "model": "m",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "instructions": "i",
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": True}],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {}}, "verbosity": "low"},
        "reasoning": {"effort": "low"},
        "metadata": {"a": "b"},
    },
    "messages": {
        "model": "m",
        "max_tokens": 5,
        "system": [{"type": "text", "text": "s"}],
        "messages": [
            MESSAGE,
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]},
        ],
        "tools": [TOOL],
        "tool_choice": {"type": "tool", "name": "f"},
        "thinking": {"type": "enabled", "budget_tokens": 5},
        "output_config": {"format": {"type": "json_schema", "schema": {}}},
        "metadata": {"user_id": "u"},
    },
    "completions": {"model": "m", "prompt": ["a"], "stop": ["b"], "best_of": 1, "n": 1, "logit_bias": {}},
}
NAMES = [name for name in DIALECTS if name in BODIES]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "role", "content", "name", "id", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside `value`, itself included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in inner for path in places(item, (*at, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return `value` with `new` at `path`."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


def parsed(name: str, body: Any) -> ChatRequest | Refusal:
    """Return what the dialect makes of `body`."""
    try:
        return DIALECTS[name].parse(body)
    except Refusal as refusal:
        return refusal


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_request_is_translated_or_refused_by_name(name: str, data: st.DataObject) -> None:
    body = BODIES[name]
    sent = changed(body, data.draw(st.sampled_from(places(body))), data.draw(json_values))
    made = parsed(name, sent)
    if isinstance(made, Refusal):
        known = {"body", *body, *(sent if isinstance(sent, dict) else ())}
        assert made.status == 400
        assert re.split(r"[.\[]", made.param or "")[0] in known
    else:
        assert parse_chat({**made.body}).messages == made.messages
        assert estimated_prompt(made) > 0


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_whatever_a_provider_says_becomes_an_answer(name: str, data: st.DataObject) -> None:
    dialect, request = DIALECTS[name], DIALECTS[name].parse(BODIES[name])
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said = {"content": "a", "reasoning_content": "b", "refusal": "c", "tool_calls": [call]}
    odd = data.draw(json_values)
    body = whole(said, "stop")["choices"][0]
    choice = changed(body, data.draw(st.sampled_from(places(body))), odd)
    raw = json.dumps({**whole(said), "choices": [choice]}).encode()
    assert dialect.answer(ChatAnswer(raw, None, ""), request)
    piece = part(said, "stop")
    outlet = dialect.outlet(request)
    odd_piece = changed(piece, data.draw(st.sampled_from(places(piece)[1:])), odd)
    outlet.chunk(Chunk(json.dumps(odd_piece).encode(), content=True))
    assert outlet.end(USAGE)

"""Answers with exact counts: for every behaviour and request, what is said is what is counted."""

import json
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.simulator.domain.answer import compose
from wattos_platform.services.simulator.domain.behaviour import Behaviour
from wattos_platform.services.simulator.domain.requests import GenerationRequest, Tool
from wattos_platform.services.simulator.domain.words import vector, words

TOOLS = (
    Tool("first_tool", {"type": "object", "properties": {"a": {}}, "required": ["a"]}),
    Tool("other_tool"),
)
ASKED = GenerationRequest("m", "why?", prompt_tokens=9)


@given(
    answer=st.integers(1, 50),
    reasoning=st.integers(0, 50),
    cached=st.integers(0, 50),
    limit=st.none() | st.integers(1, 60),
    thinks=st.booleans(),
    shows=st.booleans(),
    tool=st.sampled_from([None, "first", "other_tool", "missing"]),
)
def test_counts_are_what_is_there(*, answer, reasoning, cached, limit, thinks, shows, tool):
    behaviour = Behaviour(
        answer_tokens=answer, reasoning_tokens=reasoning, cached_tokens=cached, tool_call=tool
    )
    asked = GenerationRequest(
        "m", "why?", 9, max_tokens=limit, thinks=thinks, shows_thinking=shows, tools=TOOLS
    )
    found = compose(asked, behaviour)
    said = found.call.pieces if found.call else found.text
    tokens = found.tokens
    assert tokens.answer == len(said)
    assert tokens.reasoning == (min(reasoning, limit or reasoning) if thinks else 0)
    assert len(found.thinking) == (tokens.reasoning if shows else 0)
    assert tokens.hidden == (0 if shows else tokens.reasoning)
    assert tokens.cached == min(cached, 9)
    assert tokens.output <= (limit or tokens.output)
    assert (found.finish == "length") == (
        limit is not None and tokens.output == limit and not whole(found, answer)
    )


def whole(found, answer):
    return (
        "".join(found.call.pieces) == json.dumps(found.call.arguments, separators=(",", ":"))
        if found.call
        else len(found.text) == answer
    )


@pytest.mark.parametrize(
    ("change", "tool", "called"),
    [
        ({}, None, None),
        ({}, "first", "first_tool"),
        ({}, "other_tool", "other_tool"),
        ({"may_call": False}, "first", None),
        ({"must_call": "*"}, None, "first_tool"),
        ({"must_call": "*"}, "other_tool", "other_tool"),
        ({"must_call": "other_tool"}, "first", "other_tool"),
        ({"tools": ()}, "first", None),
    ],
)
def test_which_tool_is_called(change, tool, called):
    asked = GenerationRequest(**{"model": "m", "question": "", "prompt_tokens": 0, "tools": TOOLS, **change})
    call = compose(asked, Behaviour(tool_call=tool)).call
    assert (call.name if call else None) == called


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_arguments_come_in_two_pieces_at_least(tool):
    asked = GenerationRequest("m", "", 0, tools=(tool,), must_call="*")
    assert len(compose(asked, Behaviour()).call.pieces) >= 2


def test_any_json_is_an_object_with_the_answer():
    text = compose(GenerationRequest("m", "why?", 0, schema={}), Behaviour(answer_tokens=3)).content
    assert json.loads(text) == {"answer": "".join(words("why?", 3))}


def test_the_same_question_has_the_same_words_and_another_has_others():
    assert words("why?", 20) == words("why?", 20)
    assert words("why?", 20) != words("how?", 20)
    assert words("why?", 5) == words("why?", 20)[:5]
    assert words("", 0) == ()


@given(st.text(), st.integers(1, 300))
def test_a_vector_is_of_unit_length_and_its_texts_own(text, dimensions):
    found = vector(text, dimensions)
    assert len(found) == dimensions
    assert sqrt(sum(x * x for x in found)) == pytest.approx(1)
    assert found == vector(text, dimensions)

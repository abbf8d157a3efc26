"""Legacy completions: the public reference of POST /v1/completions, requests and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.llm.dialects import USAGE, answered, cut, part, streamed, whole
from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.dialects.completions import CompletionsDialect
from wattos_platform.services.llm_gateway.domain.refusals import Refusal

DIALECT = CompletionsDialect()
ASK = {"model": "gpt-4o-mini", "prompt": "Say this is a test"}
PASSAGE = Passage(id="p", document_id="d", document="a.md", start=0, end=1, text="Sky is blue.")


@pytest.mark.parametrize(
    ("asked", "chat"),
    [
        pytest.param({}, {"max_completion_tokens": 16}, id="16-tokens-unless-told"),
        pytest.param({"prompt": ["Say this is a test"]}, {}, id="a-list-of-one"),
        pytest.param({"max_tokens": 1_000_000}, {"max_completion_tokens": 1_000_000}, id="many-tokens"),
        pytest.param({"n": 2, "best_of": 2}, {"n": 2}, id="n"),
        pytest.param({"stop": ["\n"], "temperature": 0}, {"stop": ["\n"], "temperature": 0}, id="sampling"),
        pytest.param({"suffix": None, "logprobs": None, "echo": False}, {}, id="defaults-as-null"),
        pytest.param({"user": "u", "seed": 1}, {"user": "u", "seed": 1}, id="passed-on"),
        pytest.param(
            {"stream": True, "stream_options": {"include_usage": True}},
            {"stream": True, "stream_options": {"include_usage": True}},
            id="stream",
        ),
    ],
)
def test_a_prompt_is_asked_as_a_message(asked, chat):
    request = DIALECT.parse({**ASK, **asked})
    message = {"role": "user", "content": "Say this is a test"}
    expected = {"model": "gpt-4o-mini", "messages": [message], "max_completion_tokens": 16, **chat}
    assert dict(request.body) == expected
    assert request.raw == b""


@pytest.mark.parametrize(
    ("change", "param"),
    [
        pytest.param({"model": None}, "model", id="no-model"),
        pytest.param({"model": 5}, "model", id="model-is-a-number"),
        pytest.param({"prompt": None}, "prompt", id="no-prompt"),
        pytest.param({"prompt": [1, 2, 3]}, "prompt", id="token-ids"),
        pytest.param({"prompt": [[1, 2], [3]]}, "prompt", id="lists-of-token-ids"),
        pytest.param({"prompt": [[1, 2]]}, "prompt", id="one-list-of-token-ids"),
        pytest.param({"prompt": ["a", "b"]}, "prompt", id="two-prompts"),
        pytest.param({"prompt": []}, "prompt", id="no-prompts"),
        pytest.param({"prompt": {}}, "prompt", id="an-object"),
        pytest.param({"suffix": "."}, "suffix", id="suffix"),
        pytest.param({"logprobs": 3}, "logprobs", id="logprobs"),
        pytest.param({"best_of": 3}, "best_of", id="best-of"),
        pytest.param({"n": 0}, "n", id="n-0"),
        pytest.param({"n": True}, "n", id="n-true"),
        pytest.param({"max_tokens": 0}, "max_tokens", id="no-tokens"),
        pytest.param({"max_tokens": "16"}, "max_tokens", id="tokens-as-text"),
        pytest.param({"temperature": -1}, "temperature", id="negative-temperature"),
        pytest.param({"top_p": 2}, "top_p", id="top-p"),
        pytest.param({"stop": [1]}, "stop[0]", id="stop"),
        pytest.param({"stop": 1}, "stop", id="stop-is-a-number"),
        pytest.param({"echo": "yes"}, "echo", id="echo"),
        pytest.param({"stream": "yes"}, "stream", id="stream"),
        pytest.param({"stream_options": {}}, "stream_options", id="options-without-stream"),
        pytest.param({"messages": []}, "messages", id="a-field-of-chat"),
        pytest.param({"x" * 500: 1}, "x" * 80, id="unknown"),
    ],
)
def test_a_refusal_names_the_field(change, param):
    body = {name: value for name, value in {**ASK, **change}.items() if value is not None}
    with pytest.raises(Refusal) as caught:
        DIALECT.parse(body)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert param in caught.value.message


@pytest.mark.parametrize("body", [None, [], "a", 5])
def test_a_body_is_an_object(body):
    with pytest.raises(Refusal):
        DIALECT.parse(body)


def test_an_answer_is_a_text_completion():
    got = answered(DIALECT, DIALECT.parse(ASK), whole({"content": "This is a test"}, "length"))
    choice = {"text": "This is a test", "index": 0, "logprobs": None, "finish_reason": "length"}
    assert got == {
        "id": "cmpl-abc",
        "object": "text_completion",
        "created": 1_700_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [choice],
        "usage": USAGE.body(),
    }


@pytest.mark.parametrize(
    ("message", "finish", "text", "told"),
    [
        pytest.param({"content": None, "refusal": "No."}, "stop", "No.", "stop", id="refusal"),
        pytest.param({"content": None}, "tool_calls", "", "stop", id="nothing"),
        pytest.param({"content": "a"}, None, "a", "stop", id="no-reason"),
        pytest.param({"content": "a"}, "content_filter", "a", "content_filter", id="filtered"),
    ],
)
def test_every_answer_has_a_text_and_a_reason(message, finish, text, told):
    (choice,) = answered(DIALECT, DIALECT.parse(ASK), whole(message, finish))["choices"]
    assert (choice["text"], choice["finish_reason"]) == (text, told)


def test_each_of_several_answers_echoes_the_prompt():
    body = whole({"content": "A"})
    body["choices"].append({**body["choices"][0], "index": 1, "message": {"content": "B"}})
    request = DIALECT.parse({**ASK, "echo": True, "n": 2})
    texts = [choice["text"] for choice in answered(DIALECT, request, body)["choices"]]
    assert texts == ["Say this is a testA", "Say this is a testB"]


def test_what_the_provider_did_not_count_is_estimated():
    body = {**whole({"content": "one two three"}), "usage": None}
    assert answered(DIALECT, DIALECT.parse(ASK), body)["usage"]["completion_tokens"] == 3


@pytest.mark.parametrize("echo", [False, True])
@given(st.lists(st.integers(0, 500)))
def test_however_a_text_is_cut_the_stream_says_the_same(echo, at):
    text = "This is — indeed — a test.\n\nWith two paragraphs."
    options = {"stream": True, "stream_options": {"include_usage": True}, "echo": echo}
    chunks = [
        part({"role": "assistant", "content": ""}),
        *(part({"content": piece}) for piece in cut(text, at)),
    ]
    found = [
        data for _, data in streamed(DIALECT, DIALECT.parse({**ASK, **options}), [*chunks, part({}, "stop")])
    ]
    assert found[-1] == "[DONE]"
    assert (found[-2]["choices"], found[-2]["usage"]) == ([], USAGE.body())
    said = [choice for data in found[:-2] for choice in data["choices"]]
    assert "".join(choice["text"] for choice in said) == (ASK["prompt"] if echo else "") + text
    assert [choice["finish_reason"] for choice in said if choice["finish_reason"]] == ["stop"]
    assert {data["object"] for data in found[:-1]} == {"text_completion"}


def test_usage_is_for_who_asked_for_it():
    found = streamed(DIALECT, DIALECT.parse({**ASK, "stream": True}), [part({"content": "a"}, "stop")])
    assert len(found) == 2
    assert "usage" not in found[0][1]


def test_a_broken_stream_ends_with_an_error_and_nothing_after_it():
    request = DIALECT.parse({**ASK, "stream": True})
    kind, data = streamed(DIALECT, request, [part({"content": "a"})], failure="It broke.")[-1]
    assert (kind, data["error"]["code"], data["error"]["message"]) == (
        "error",
        "upstream_truncated",
        "It broke.",
    )


@pytest.mark.parametrize("whole_answer", [True, False])
def test_passages_are_cited(whole_answer):
    request = DIALECT.parse({**ASK, "wattos_context": [PASSAGE.model_dump()], "stream": not whole_answer})
    if whole_answer:
        told = answered(DIALECT, request, whole({"content": "Blue [1]."}, wattos_cost_usd="0.1"))
        assert told["wattos_cost_usd"] == "0.1"
    else:
        told = streamed(DIALECT, request, [part({"content": "Blue"}), part({"content": " [1]."}, "stop")])[
            -2
        ][1]
    assert [citation["id"] for citation in told["wattos_citations"]] == ["p"]


@pytest.mark.parametrize(
    ("param", "named"),
    [("messages[0].content", "prompt"), ("max_completion_tokens", "max_tokens"), ("model", "model")],
)
def test_a_providers_complaint_is_told_in_the_callers_words(param, named):
    assert DIALECT.named(param) == named

"""Answers and streams of POST /v1/messages, event for event as the public reference has them."""

import json

import pytest
from anthropic.types import Message
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.llm.dialects import HEAD, USAGE, answered, call, call_part, cut, part, streamed, whole
from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.answers import chunk_of
from wattos_platform.services.llm_gateway.domain.dialects.messages.dialect import MessagesDialect
from wattos_platform.services.llm_gateway.domain.wire import Usage

DIALECT = MessagesDialect()
ASK = {"model": "gpt-4o", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
REQUEST = DIALECT.parse(ASK)
THINKING = DIALECT.parse({**ASK, "thinking": {"type": "enabled", "budget_tokens": 1024}})
PASSAGE = Passage(id="p", document_id="d", document="a.md", start=0, end=1, text="Sky is blue.")
WEATHER = '{"city":"Ulm","days":[1,2],"note":"a \\"b\\" }"}'
TIME = '{"zone":"CET"}'
COUNTED = {
    "input_tokens": 8,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 4,
    "output_tokens": 7,
    "output_tokens_details": {"thinking_tokens": 3},
}


def text(said: str) -> dict:
    return {"type": "text", "text": said}


def use(number: int, name: str, arguments: str) -> dict:
    return {"type": "tool_use", "id": f"call_{number}", "name": name, "input": json.loads(arguments)}


def test_a_whole_answer_is_a_message():
    got = answered(DIALECT, REQUEST, whole({"content": "Hello!"}))
    assert got == {
        "id": "msg_abc",
        "type": "message",
        "role": "assistant",
        "model": "gpt-4o-mini-2024-07-18",
        "content": [text("Hello!")],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": COUNTED,
    }
    assert Message.model_validate(got).content[0].text == "Hello!"


@pytest.mark.parametrize(
    ("said", "finish", "content", "reason"),
    [
        pytest.param({"content": "a"}, "length", [text("a")], "max_tokens", id="cut-off"),
        pytest.param({"content": "a"}, "content_filter", [text("a")], "refusal", id="filtered"),
        pytest.param({"content": None, "refusal": "No."}, "stop", [text("No.")], "refusal", id="refused"),
        pytest.param({"content": None}, "stop", [], "end_turn", id="nothing"),
        pytest.param(
            {"content": "Let me see.", "tool_calls": [call(1, "weather", WEATHER), call(2, "time", TIME)]},
            "tool_calls",
            [text("Let me see."), use(1, "weather", WEATHER), use(2, "time", TIME)],
            "tool_use",
            id="words-and-two-calls",
        ),
        pytest.param(
            {"content": None, "tool_calls": [call(1, "time", TIME)]},
            "stop",
            [use(1, "time", TIME)],
            "tool_use",
            id="a-provider-that-says-stop-after-a-call",
        ),
        pytest.param(
            {"content": None, "tool_calls": [call(1, "time", "")]},
            "tool_calls",
            [use(1, "time", "{}")],
            "tool_use",
            id="no-arguments",
        ),
        pytest.param(
            {"content": None, "tool_calls": [call(1, "time", '{"zo')]},
            "length",
            [use(1, "time", '{"arguments": "{\\"zo"}')],
            "max_tokens",
            id="broken-arguments-are-seen",
        ),
        pytest.param(
            {"content": "4", "reasoning_content": "2 + 2"}, "stop", [text("4")], "end_turn", id="thoughts"
        ),
    ],
)
def test_what_was_said_becomes_blocks(said, finish, content, reason):
    got = answered(DIALECT, REQUEST, whole(said, finish))
    assert (got["content"], got["stop_reason"]) == (content, reason)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("words", "content"), [(None, [text("No.")]), ("Well", [text("Well")])])
def test_a_refusal_is_explained_and_is_a_text_where_there_is_none(stream, words, content):
    said = {"content": words, "refusal": "No."}
    if stream:
        got = _put_together([data for _, data in streamed(DIALECT, REQUEST, [part(said), part({}, "stop")])])
    else:
        got = answered(DIALECT, REQUEST, whole(said))
    assert (got["content"], got["stop_reason"]) == (content, "refusal")
    assert got["stop_details"] == {"type": "refusal", "explanation": "No."}


def test_thinking_is_shown_to_who_asked_for_it():
    got = answered(DIALECT, THINKING, whole({"content": "4", "reasoning_content": "2 + 2"}))
    assert got["content"] == [{"type": "thinking", "thinking": "2 + 2", "signature": ""}, text("4")]
    omitted = DIALECT.parse({**ASK, "thinking": {"type": "adaptive", "display": "omitted"}})
    got = answered(DIALECT, omitted, whole({"content": "4", "reasoning_content": "2 + 2"}))
    assert got["content"] == [text("4")]


@pytest.mark.parametrize(
    ("told", "reason", "sequence"),
    [
        ("END", "stop_sequence", "END"),
        ("other", "end_turn", None),
        (None, "end_turn", None),
        (13, "end_turn", None),
    ],
)
def test_a_stop_sequence_is_named_where_the_provider_names_it(told, reason, sequence):
    body = whole({"content": "a"})
    body["choices"][0]["stop_reason"] = told
    got = answered(DIALECT, DIALECT.parse({**ASK, "stop_sequences": ["END"]}), body)
    assert (got["stop_reason"], got["stop_sequence"]) == (reason, sequence)


def test_input_tokens_are_those_that_no_cache_had_a_part_in():
    usage = Usage(prompt=1000, completion=1, cached=600, cache_write=300).body()
    got = answered(DIALECT, REQUEST, {**whole({"content": "a"}), "usage": usage})["usage"]
    assert got == {
        "input_tokens": 100,
        "cache_creation_input_tokens": 300,
        "cache_read_input_tokens": 600,
        "output_tokens": 1,
    }


def test_a_streamed_text_event_for_event():
    chunks = [
        part({"role": "assistant", "content": ""}),
        part({"content": "Hel"}),
        part({"content": "lo"}, "stop"),
    ]
    found = streamed(DIALECT, REQUEST, chunks)
    begun = {
        "id": "msg_abc",
        "type": "message",
        "role": "assistant",
        "model": "gpt-4o-mini-2024-07-18",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 0,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 0,
        },
    }
    delta = {"type": "content_block_delta", "index": 0}
    expected = [
        {"type": "message_start", "message": begun},
        {"type": "ping"},
        {"type": "content_block_start", "index": 0, "content_block": text("")},
        {**delta, "delta": {"type": "text_delta", "text": "Hel"}},
        {**delta, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": COUNTED,
        },
        {"type": "message_stop"},
    ]
    assert found == [(data["type"], data) for data in expected]


def test_a_streamed_call_event_for_event():
    chunks = [
        part({"reasoning_content": "Hm."}),
        call_part(0, "", "time"),
        call_part(0, '{"zone":'),
        call_part(0, '"CET"}'),
        part({}, "tool_calls"),
    ]
    found = [data for _, data in streamed(DIALECT, THINKING, chunks)][2:]
    call_delta = {"type": "content_block_delta", "index": 1}
    assert found[:-2] == [
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": use(0, "time", "{}")},
        {**call_delta, "delta": {"type": "input_json_delta", "partial_json": '{"zone":'}},
        {**call_delta, "delta": {"type": "input_json_delta", "partial_json": '"CET"}'}},
        {"type": "content_block_stop", "index": 1},
    ]
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


@given(
    words=st.lists(st.integers(0, 500)),
    first=st.lists(st.integers(0, 500)),
    second=st.lists(st.integers(0, 500)),
)
@pytest.mark.parametrize("mixed", [False, True])
def test_however_an_answer_is_cut_the_stream_makes_the_same_message(mixed, words, first, second):
    said = "It is — of course — “raining” in Ulm."
    one = [call_part(0, "", "weather"), *(call_part(0, piece) for piece in cut(WEATHER, first))]
    two = [call_part(1, "", "time"), *(call_part(1, piece) for piece in cut(TIME, second))]
    calls = [*one, *two]
    if mixed:
        calls = [each for pair in zip(one, two, strict=False) for each in pair]
        calls += [*one[len(two) :], *two[len(one) :]]
    chunks = [*(part({"content": piece}) for piece in cut(said, words)), *calls, part({}, "tool_calls")]
    made = _put_together([data for _, data in streamed(DIALECT, REQUEST, chunks)])
    expected = [call(0, "weather", WEATHER), call(1, "time", TIME)]
    assert made == answered(DIALECT, REQUEST, whole({"content": said, "tool_calls": expected}, "tool_calls"))


def _put_together(events) -> dict:
    """Return the message that a reader makes of a stream; blocks must come one after another."""
    message = events[0]["message"]
    given: list[str] = []
    is_open = False
    for event in events[1:]:
        if event["type"] == "content_block_start":
            assert not is_open
            assert event["index"] == len(message["content"])
            is_open = True
            message["content"].append(event["content_block"])
            given = []
        elif event["type"] == "content_block_delta":
            assert is_open
            assert event["index"] == len(message["content"]) - 1
            given.append(event["delta"].get("text") or event["delta"].get("partial_json"))
        elif event["type"] == "content_block_stop":
            is_open = False
            block, joined = message["content"][-1], "".join(given)
            block.update({"text": joined} if block["type"] == "text" else {"input": json.loads(joined)})
        elif event["type"] == "message_delta":
            message.update(event["delta"], usage=event["usage"])
    assert not is_open
    assert events[-1] == {"type": "message_stop"}
    return message


def test_a_broken_stream_ends_with_an_error_and_no_message_stop():
    kind, data = streamed(DIALECT, REQUEST, [part({"content": "a"})], failure="It broke.")[-1]
    assert kind == data["type"] == "error"
    details = {"error_code": "upstream_truncated"}
    assert data["error"] == {"type": "api_error", "message": "It broke.", "details": details}


@pytest.mark.parametrize("stream", [False, True])
def test_passages_are_cited(stream):
    request = DIALECT.parse({**ASK, "wattos_context": [PASSAGE.model_dump()]})
    if stream:
        got = streamed(DIALECT, request, [part({"content": "Blue ["}), part({"content": "1]."}, "stop")])
        told = got[-2][1]
    else:
        told = answered(DIALECT, request, whole({"content": "Blue [1]."}, wattos_cost_usd="0.1"))
        assert told["wattos_cost_usd"] == "0.1"
    assert [citation["id"] for citation in told["wattos_citations"]] == ["p"]


@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param({}, id="empty"),
        pytest.param({"choices": ["a"]}, id="a-choice-is-text"),
        pytest.param({**HEAD, "choices": [{"delta": None, "stop_reason": [1]}]}, id="no-delta"),
        pytest.param(part({"content": [1], "tool_calls": "x"}), id="other-types"),
    ],
)
def test_a_providers_nonsense_breaks_nothing(chunk):
    outlet = DIALECT.outlet(REQUEST)
    written = outlet.chunk(chunk_of(chunk)) + outlet.chunk(chunk_of(part({"content": "a"}, "stop")))
    assert (written + outlet.end(USAGE)).endswith(b'{"type":"message_stop"}\n\n')

"""Answers and streams of POST /v1/responses, event for event as the public reference has them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from tests.fakes.llm.dialects import HEAD, answered, call, call_part, cut, part, streamed, whole
from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.dialects.responses.dialect import ResponsesDialect

DIALECT = ResponsesDialect()
ASK = {"model": "gpt-4o", "input": "Tell me a joke."}
REQUEST = DIALECT.parse(ASK)
PASSAGE = Passage(id="p", document_id="d", document="a.md", start=0, end=1, text="Sky is blue.")
WEATHER = '{"city":"Ulm","days":[1,2],"note":"a \\"b\\" }"}'
TIME = '{"zone":"CET"}'


def message(text: str, number: int = 0, status: str = "completed") -> dict:
    content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": f"msg_abc_{number}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [content],
    }


def function_call(number: int, index: int, name: str, arguments: str) -> dict:
    return {
        "id": f"fc_abc_{index}",
        "type": "function_call",
        "status": "completed",
        "call_id": f"call_{number}",
        "name": name,
        "arguments": arguments,
    }


def test_a_whole_answer_repeats_the_request_and_says_what_was_used():
    asked = {
        **ASK,
        "instructions": "Be brief.",
        "temperature": 0.5,
        "metadata": {"a": "b"},
        "reasoning": {"effort": "low"},
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}],
        "store": True,
    }
    got = answered(DIALECT, DIALECT.parse(asked), whole({"content": "Knock, knock."}))
    assert got == {
        "id": "resp_abc",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": "Be brief.",
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "gpt-4o-mini-2024-07-18",
        "output": [message("Knock, knock.")],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": "low", "summary": None},
        "store": False,
        "temperature": 0.5,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": asked["tools"],
        "top_p": None,
        "truncation": "disabled",
        "usage": {
            "input_tokens": 12,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 3},
            "total_tokens": 19,
        },
        "user": None,
        "metadata": {"a": "b"},
    }
    assert Response.model_validate(got).output_text == "Knock, knock."


@pytest.mark.parametrize(
    ("said", "finish", "output"),
    [
        pytest.param(
            {"content": None, "tool_calls": [call(1, "weather", WEATHER), call(2, "time", TIME)]},
            "tool_calls",
            [function_call(1, 0, "weather", WEATHER), function_call(2, 1, "time", TIME)],
            id="two-calls",
        ),
        pytest.param(
            {"content": "Let me see.", "tool_calls": [call(1, "time", TIME)]},
            "tool_calls",
            [message("Let me see."), function_call(1, 1, "time", TIME)],
            id="words-and-a-call",
        ),
        pytest.param(
            {"content": "4", "reasoning_content": "2 + 2"},
            "stop",
            [
                {
                    "id": "rs_abc_0",
                    "type": "reasoning",
                    "summary": [{"type": "summary_text", "text": "2 + 2"}],
                },
                message("4", 1),
            ],
            id="reasoning",
        ),
        pytest.param(
            {"content": None, "refusal": "I cannot."},
            "stop",
            [{**message(""), "content": [{"type": "refusal", "refusal": "I cannot."}]}],
            id="refusal",
        ),
        pytest.param({"content": None}, "stop", [], id="nothing"),
    ],
)
def test_what_was_said_becomes_output_items(said, finish, output):
    assert answered(DIALECT, REQUEST, whole(said, finish))["output"] == output


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_was_cut_off_is_incomplete(finish, status, reason, stream):
    if stream:
        kind, last = streamed(DIALECT, REQUEST, [part({"content": "a"}), part({}, finish)])[-1]
        assert kind == last["type"] == f"response.{status}"
        got = last["response"]
    else:
        got = answered(DIALECT, REQUEST, whole({"content": "a"}, finish))
    assert (got["status"], got["incomplete_details"]) == (status, reason)
    assert got["output"] == [message("a", status=status)]


def test_logprobs_pass():
    logprobs = [{"token": "a", "bytes": [97], "logprob": -0.1, "top_logprobs": []}]
    body = whole({"content": "a"})
    body["choices"][0]["logprobs"] = {"content": logprobs}
    assert answered(DIALECT, REQUEST, body)["output"][0]["content"][0]["logprobs"] == logprobs


TEXT_EVENTS = [
    ("response.created", {"status": "in_progress"}),
    ("response.in_progress", {"status": "in_progress"}),
    ("response.output_item.added", {"output_index": 0}),
    ("response.content_part.added", {"item_id": "msg_abc_0", "output_index": 0, "content_index": 0}),
    ("response.output_text.delta", {"item_id": "msg_abc_0", "delta": "Hel", "logprobs": []}),
    ("response.output_text.delta", {"item_id": "msg_abc_0", "delta": "lo", "logprobs": []}),
    ("response.output_text.done", {"item_id": "msg_abc_0", "text": "Hello"}),
    ("response.content_part.done", {"item_id": "msg_abc_0", "part": message("Hello")["content"][0]}),
    ("response.output_item.done", {"output_index": 0, "item": message("Hello")}),
    ("response.completed", {"status": "completed"}),
]


def test_a_streamed_text_event_for_event():
    chunks = [
        part({"role": "assistant", "content": ""}),
        part({"content": "Hel"}),
        part({"content": "lo"}, "stop"),
    ]
    found = streamed(DIALECT, REQUEST, chunks)
    assert [data["sequence_number"] for _, data in found] == list(range(len(found)))
    assert [kind for kind, _ in found] == [kind for kind, _ in TEXT_EVENTS]
    for (kind, data), (_, expected) in zip(found, TEXT_EVENTS, strict=True):
        assert data["type"] == kind
        assert expected.items() <= data.get("response", data).items()
    added = found[2][1]["item"]
    assert (added["status"], added["content"]) == ("in_progress", [])
    assert found[-1][1]["response"] == answered(DIALECT, REQUEST, whole({"content": "Hello"}))


def test_a_streamed_call_event_for_event():
    chunks = [
        part({"content": "Hm."}),
        call_part(0, "", "time"),
        call_part(0, '{"zone":'),
        call_part(0, '"CET"}'),
        part({}, "tool_calls"),
    ]
    found = streamed(DIALECT, REQUEST, chunks)[7:]
    kinds = ["added", "function_call_arguments.delta", "function_call_arguments.delta"]
    assert [kind.removeprefix("response.").removeprefix("output_item.") for kind, _ in found] == [
        "done",
        *kinds,
        "function_call_arguments.done",
        "done",
        "completed",
    ]
    item = function_call(0, 1, "time", TIME)
    assert found[1][1]["item"] == {**item, "status": "in_progress", "arguments": ""}
    assert [found[n][1]["delta"] for n in (2, 3)] == ['{"zone":', '"CET"}']
    assert found[4][1]["arguments"] == TIME
    assert {found[n][1]["item_id"] for n in (2, 3, 4)} == {"fc_abc_1"}
    assert found[5][1]["item"] == item


def test_reasoning_and_refusals_have_events_of_their_own():
    chunks = [part({"reasoning_content": "Hm."}), part({"refusal": "No."}), part({}, "stop")]
    kinds = [kind.removeprefix("response.") for kind, _ in streamed(DIALECT, REQUEST, chunks)]
    assert kinds == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]


@given(
    text=st.lists(st.integers(0, 500)),
    first=st.lists(st.integers(0, 500)),
    second=st.lists(st.integers(0, 500)),
)
@pytest.mark.parametrize("mixed", [False, True])
def test_however_an_answer_is_cut_the_stream_ends_in_the_same_response(mixed, text, first, second):
    said = "It is — of course — “raining” in Ulm."
    one = [call_part(0, "", "weather"), *(call_part(0, piece) for piece in cut(WEATHER, first))]
    two = [call_part(1, "", "time"), *(call_part(1, piece) for piece in cut(TIME, second))]
    calls = [*one, *two]
    if mixed:
        calls = [each for pair in zip(one, two, strict=False) for each in pair]
        calls += [*one[len(two) :], *two[len(one) :]]
    chunks = [*(part({"content": piece}) for piece in cut(said, text)), *calls, part({}, "tool_calls")]
    found = streamed(DIALECT, REQUEST, chunks)
    ended = found[-1][1]["response"]
    expected = [call(0, "weather", WEATHER), call(1, "time", TIME)]
    assert ended == answered(DIALECT, REQUEST, whole({"content": said, "tool_calls": expected}, "tool_calls"))
    deltas: dict[str, str] = {}
    for kind, data in found:
        if kind.endswith(".delta"):
            deltas[data["item_id"]] = deltas.get(data["item_id"], "") + data["delta"]
    assert deltas == {"msg_abc_0": said, "fc_abc_1": WEATHER, "fc_abc_2": TIME}
    _opened_one_after_another(found)


def _opened_one_after_another(found) -> None:
    bounds = [(kind, data["output_index"]) for kind, data in found if "output_item" in kind]
    expected = [
        (f"response.output_item.{what}", index)
        for index in range(len(bounds) // 2)
        for what in ("added", "done")
    ]
    assert bounds == expected


def test_calls_without_a_number_are_told_apart_by_their_ids():
    calls = [{"id": f"c{n}", "function": {"name": "time", "arguments": TIME}} for n in (1, 2)]
    chunks = [*(part({"tool_calls": [one]}) for one in calls), part({}, "stop")]
    output = streamed(DIALECT, REQUEST, chunks)[-1][1]["response"]["output"]
    assert [item["call_id"] for item in output] == ["c1", "c2"]


def test_a_call_that_was_cut_off_is_told_as_far_as_it_came():
    chunks = [call_part(0, '{"zo', "time"), call_part(1, '{"ci', "weather"), part({}, "length")]
    response = streamed(DIALECT, REQUEST, chunks)[-1][1]["response"]
    assert [item["arguments"] for item in response["output"]] == ['{"zo', '{"ci']
    assert response["status"] == "incomplete"


def test_a_broken_stream_fails_and_ends_with_an_error():
    found = streamed(DIALECT, REQUEST, [part({"content": "a"})], failure="It broke.")
    (_, failed), (kind, error) = found[-2:]
    assert failed["type"] == "response.failed"
    assert failed["response"]["error"] == {"code": "server_error", "message": "It broke."}
    assert failed["response"]["output"] == [message("a", status="incomplete")]
    assert (kind, error["code"], error["error"]["code"]) == (
        "error",
        "upstream_truncated",
        "upstream_truncated",
    )


@pytest.mark.parametrize("stream", [False, True])
def test_passages_are_cited(stream):
    request = DIALECT.parse({**ASK, "wattos_context": [PASSAGE.model_dump()]})
    if stream:
        got = streamed(DIALECT, request, [part({"content": "Blue ["}), part({"content": "1]."}, "stop")])
        told = got[-1][1]["response"]
    else:
        told = answered(DIALECT, request, whole({"content": "Blue [1]."}, wattos_cost_usd="0.1"))
        assert told["wattos_cost_usd"] == "0.1"
    assert [citation["id"] for citation in told["wattos_citations"]] == ["p"]


@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param({}, id="empty"),
        pytest.param({"choices": None}, id="no-choices"),
        pytest.param({"choices": ["a"]}, id="a-choice-is-text"),
        pytest.param({**HEAD, "choices": [{"delta": None}]}, id="no-delta"),
        pytest.param(part({"content": [1], "tool_calls": "x"}), id="other-types"),
        pytest.param(
            part({"tool_calls": [None, {"function": None}, {"function": {"arguments": 5}}]}), id="calls"
        ),
        pytest.param({"id": 5, "created": "x", "model": None, "choices": []}, id="head"),
    ],
)
def test_a_providers_nonsense_breaks_nothing(chunk):
    found = streamed(DIALECT, REQUEST, [chunk, part({"content": "a"}, "stop")])
    assert found[-1][1]["type"] == "response.completed"
    assert json.dumps(found[-1][1]["response"]["output"]).count('"a"') == 1

"""Anthropic's words for Anthropic's models: what is said arrives as it was said, in both directions."""

import json

import pytest

from tests.fakes.llm.dialects import USAGE, answered, events, part, streamed, whole
from tests.fakes.llm.transcripts import FOLDER, wire_format
from wattos_platform.services.llm_gateway.domain.answers import answer_of
from wattos_platform.services.llm_gateway.domain.dialects.messages.dialect import MessagesDialect
from wattos_platform.services.llm_gateway.domain.dialects.responses.dialect import ResponsesDialect
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.replay import replayed

DIALECT = MessagesDialect()
CACHED = {"cache_control": {"type": "ephemeral"}}
SIGNED = {"type": "thinking", "thinking": "2 + 2", "signature": "sig"}
HIDDEN = {"type": "redacted_thinking", "data": "secret"}
FORMAT = wire_format("anthropic")


def turn(*blocks) -> dict:
    return {"role": "assistant", "content": list(blocks)}


def text(said: str) -> dict:
    return {"type": "text", "text": said}


ASK = {
    "model": "default",
    "max_tokens": 64,
    "system": [{**text("Be brief."), **CACHED}],
    "messages": [{"role": "user", "content": [{**text("Sum?"), **CACHED}]}, turn(SIGNED, HIDDEN, text("4"))],
    "tools": [{"name": "f", "input_schema": {"type": "object"}, **CACHED}],
    "thinking": {"type": "adaptive"},
    "metadata": {"user_id": "u"},
    "stop_sequences": ["END"],
    "top_k": 4,
}


def sent(*, stream: bool = False, model: str = "claude-sonnet-4-5", **change) -> dict:
    asked = {name: value for name, value in {**ASK, **change}.items() if value is not None}
    return json.loads(FORMAT.chat(model, DIALECT.parse(asked), stream=stream).body)


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_arrives_as_it_was_said(stream):
    expected = {**ASK, "model": "claude-sonnet-4-5", **({"stream": True} if stream else {})}
    assert sent(stream=stream) == expected


def test_what_needs_a_header_of_its_own_stays_here():
    assert "speed" not in sent(speed="fast", context_management={})


def test_thoughts_of_another_provider_stay_here():
    unsigned = {"type": "thinking", "thinking": "2 + 2", "signature": ""}
    got = sent(messages=[*ASK["messages"], turn(unsigned), turn(unsigned, text("4"))])
    assert got["messages"] == [*ASK["messages"], turn(text("4"))]


def test_sampling_is_refused_where_the_model_takes_none():
    assert sent(temperature=0.5)["temperature"] == 0.5
    with pytest.raises(ProviderFailure) as caught:
        sent(temperature=0.5, model="claude-opus-5")
    assert (caught.value.kind, caught.value.param) == ("unsupported", "temperature")


def test_passages_go_the_way_of_a_chat():
    passage = {
        "id": "p",
        "document_id": "d",
        "document": "a.md",
        "start": 0,
        "end": 1,
        "text": "Sky is blue.",
    }
    got = sent(wattos_context=[passage], messages=[{"role": "user", "content": "Sky?"}], thinking=None)
    assert "Sky is blue." in json.dumps(got["system"])


@pytest.mark.parametrize("name", ["stream_text", "stream_thinking", "stream_tools", "stream_refusal"])
@pytest.mark.parametrize("asked", [ASK, {**ASK, "thinking": {"type": "disabled"}}], ids=["thinking", "plain"])
def test_a_stream_arrives_as_it_was_told(name, asked):
    original = events((FOLDER / "anthropic" / f"{name}.sse").read_text())
    reader = FORMAT.stream("m")
    outlet = DIALECT.outlet(DIALECT.parse(asked))
    written = b"".join(
        outlet.chunk(chunk)
        for kind, data in original
        for chunk in reader.read(json.dumps(data).encode(), kind)
    )
    got = events((written + outlet.end(USAGE)).decode())
    assert told(got) == told(original)
    assert got[0][1]["message"]["id"] == original[0][1]["message"]["id"]


def told(stream) -> list[dict]:
    """Return each block with its deltas joined, and the end."""
    blocks: dict[int, dict] = {}
    end: dict = {}
    for _, data in stream:
        if data["type"] == "content_block_start":
            blocks[data["index"]] = {"block": data["content_block"]["type"]}
        elif data["type"] == "content_block_delta":
            block = blocks[data["index"]]
            for name in ("text", "thinking", "signature", "partial_json"):
                if name in data["delta"]:
                    block[name] = block.get(name, "") + data["delta"][name]
        elif data["type"] == "message_delta":
            end = {
                "stop_reason": data["delta"]["stop_reason"],
                "sequence": data["delta"].get("stop_sequence"),
            }
    for block in blocks.values():
        if block["block"] == "tool_use":
            block["partial_json"] = block.get("partial_json") or "{}"
    return [*blocks.values(), end]


def said(**more) -> dict:
    return {"content": "4", "reasoning_content": "2 + 2", "thinking_blocks": [SIGNED, HIDDEN], **more}


def test_signed_thoughts_of_a_whole_answer_come_back_whoever_asked():
    asked = DIALECT.parse({**ASK, "thinking": None})
    assert answered(DIALECT, asked, whole(said()))["content"] == [SIGNED, HIDDEN, text("4")]
    later = said(content="4", thinking_blocks=[{**SIGNED, "thinking": ""}])
    assert answered(DIALECT, asked, whole(later))["content"][0] == {**SIGNED, "thinking": ""}


def test_a_whole_answer_told_again_as_a_stream_keeps_thoughts_and_stop():
    second = {**SIGNED, "thinking": "= 4", "signature": "gis"}
    body = whole({**said(), "reasoning_content": "2 + 2= 4", "thinking_blocks": [SIGNED, second]})
    body["choices"][0]["stop_reason"] = "END"
    request = DIALECT.parse(ASK)
    got = told(streamed(DIALECT, request, [chunk.body() for chunk in replayed(answer_of(body))]))
    thoughts = [
        {"block": "thinking", "thinking": one["thinking"], "signature": one["signature"]}
        for one in (SIGNED, second)
    ]
    assert got == [
        *thoughts,
        {"block": "text", "text": "4"},
        {"stop_reason": "stop_sequence", "sequence": "END"},
    ]


def test_a_stop_sequence_of_a_stream_is_named():
    chunk = part({"content": "4"}, "stop")
    chunk["choices"][0]["stop_reason"] = "END"
    delta = streamed(DIALECT, DIALECT.parse(ASK), [chunk])[-2][1]["delta"]
    assert delta == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


def test_a_response_shows_thoughts_without_their_signature():
    dialect = ResponsesDialect()
    output = answered(dialect, dialect.parse({"model": "m", "input": "Sum?"}), whole(said()))["output"]
    assert [item["type"] for item in output] == ["reasoning", "message"]
    assert output[0]["summary"] == [{"type": "summary_text", "text": "2 + 2"}]

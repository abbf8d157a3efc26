"""Every transcript, both ways; what comes out is what the official SDK's own types take."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.fakes.llm.transcripts import (
    NOW,
    PROVIDERS,
    Transcript,
    events,
    read,
    splitter_of,
    transcripts,
    wire_format,
)
from wattos_platform.services.llm_gateway.domain.chat_request import parse_chat
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.wire import Usage

# Of the formats whose bytes pass, the chunk of Azure's prompt filter is not in OpenAI's shape.
_SHAPELESS = ("azure-stream_filter_results",)


def told(failure: ProviderFailure) -> dict[str, Any]:
    """Return a failure as transcripts write it."""
    optional = {name: getattr(failure, name) for name in ("code", "param", "retry_after_s")}
    made = {"kind": failure.kind, "status": failure.status, "message": failure.message}
    return made | {name: value for name, value in optional.items() if value is not None}


def counted(usage: Usage | None) -> list[int] | None:
    """Return a usage as transcripts write it."""
    if usage is None:
        return None
    writes = [usage.cache_write, usage.cache_write_1h] if usage.cache_write else []
    return [usage.prompt, usage.completion, usage.cached, usage.reasoning, *writes]


def schema_of_sdk(model: Any, body: dict[str, Any]) -> None:
    model.model_validate(body, strict=True)


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-54")])
@pytest.mark.parametrize("case", transcripts("request"), ids=str)
def test_the_provider_is_asked_in_its_own_words(case: Transcript, id_: str):
    content = case.content
    request = parse_chat(content["request"])
    call = case.format().chat(content["model"], request, stream=content.get("stream", False))
    assert {"path": call.path, "body": json.loads(call.body)} == content["call"]


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-58")])
@pytest.mark.parametrize("case", [each for each in transcripts("reply") if "answer" in each.content], ids=str)
def test_the_callers_answer(case: Transcript, id_: str):
    raw = json.dumps(case.content["reply"]).encode()
    answer = case.format().answer(raw, case.content["model"])
    if case.content["answer"] == "as it came":
        assert answer.raw is raw
    else:
        assert answer.body() == case.content["answer"]
        schema_of_sdk(ChatCompletion, answer.body())
    assert counted(answer.usage) == case.content.get("counted")


@pytest.mark.parametrize(
    "case", [each for each in transcripts("reply") if "failure" in each.content], ids=str
)
def test_an_answer_that_is_none(case: Transcript):
    with pytest.raises(ProviderFailure) as caught:
        case.format().answer(json.dumps(case.content["reply"]).encode(), case.content["model"])
    assert told(caught.value) == case.content["failure"]


@pytest.mark.parametrize("case", transcripts("deltas"), ids=str)
def test_the_callers_chunks(case: Transcript):
    wire = case.format()
    reader = wire.stream(case.content["model"])
    deltas: list[dict[str, Any]] = []
    usage, failure = None, None
    try:
        for data, kind in events(wire, case.raw_stream):
            for chunk in reader.read(data, kind):
                usage = chunk.usage or usage
                deltas += [_delta(choice) for choice in chunk.body()["choices"]]
                assert chunk.has_choices == bool(chunk.body()["choices"])
                if str(case) not in _SHAPELESS:
                    schema_of_sdk(ChatCompletionChunk, chunk.body())
    except ProviderFailure as error:
        failure = told(error)
    assert deltas == case.content["deltas"]
    assert counted(usage) == case.content.get("counted")
    assert failure == case.content.get("failure")
    assert reader.ended == case.content["ended"]


@pytest.mark.parametrize("case", transcripts("error"), ids=str)
def test_what_an_error_means(case: Transcript):
    error = case.content["error"]
    body = json.dumps(error["body"]).encode()
    failure = case.format().failure(error["status"], CIMultiDict(error["headers"]), body, NOW)
    assert told(failure) == case.content["failure"]


def test_every_provider_has_transcripts_enough():
    for provider in PROVIDERS:
        assert len([each for each in transcripts("source") if each.provider == provider]) >= 8


STREAMS = [each for each in transcripts("deltas") if "failure" not in each.content]


@pytest.mark.parametrize("case", STREAMS, ids=str)
def test_a_stream_says_what_the_parts_say_together(case: Transcript):
    chunks = read(case.format(), case.content["model"], case.raw_stream)
    said = [delta.get("content") or "" for delta in case.content["deltas"]]
    assert "".join(chunk.text for chunk in chunks) == "".join(said)
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
    assert all(b"\n" not in chunk.raw for chunk in chunks)


@given(data=st.data())
def test_any_split_of_a_stream_says_the_same(data: st.DataObject):
    case = data.draw(st.sampled_from(STREAMS))
    wire, raw = case.format(), case.raw_stream
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=12)))
    pieces = [raw[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    splitter, reader = splitter_of(wire), wire.stream(case.content["model"])
    chunks = [
        chunk
        for piece in pieces
        for data, kind, _ in splitter.feed(piece)
        for chunk in reader.read(data, kind)
    ]
    assert [chunk.raw for chunk in chunks] == [
        chunk.raw for chunk in read(case.format(), case.content["model"], raw)
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@st.composite
def spoilt(draw: st.DrawFn, provider: str) -> list[bytes]:
    """Return events of a real stream, one of their values replaced by anything, and some garbage between."""
    case = draw(st.sampled_from([each for each in STREAMS if each.provider == provider]))
    made = [data for data, _ in events(wire_format(provider), case.raw_stream)]
    at = draw(st.integers(0, len(made) - 1))
    if made[at].startswith(b"{"):
        body = json.loads(made[at])
        where: Any = body
        while True:
            key = draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
            if not isinstance(where[key], dict | list) or not where[key] or draw(st.booleans()):
                where[key] = draw(JSON)
                break
            where = where[key]
        made[at] = json.dumps(body).encode()
    made.insert(
        draw(st.integers(0, len(made))), draw(st.binary() | JSON.map(lambda v: json.dumps(v).encode()))
    )
    return made


@pytest.mark.parametrize("provider", PROVIDERS)
@given(data=st.data())
def test_garbage_is_a_failure_and_nothing_worse(provider: str, data: st.DataObject):
    wire = wire_format(provider)
    reader = wire.stream("m")
    with suppress(ProviderFailure):
        for event in data.draw(spoilt(provider)):
            reader.read(event, data.draw(st.sampled_from(["", "error", "ping"])))


@pytest.mark.parametrize("provider", PROVIDERS)
@given(raw=st.binary() | JSON.map(lambda value: json.dumps(value).encode()), status=st.integers(300, 599))
def test_no_body_breaks_a_reader(provider: str, raw: bytes, status: int):
    wire = wire_format(provider)
    assert wire.failure(status, CIMultiDict(), raw, NOW).message
    for reading in (lambda: wire.answer(raw, "m"), lambda: wire.models(raw)):
        with suppress(ProviderFailure):
            reading()


def _delta(choice: dict[str, Any]) -> dict[str, Any]:
    reason = choice["finish_reason"]
    return {**choice["delta"], "finish_reason": reason} if reason else choice["delta"]

"""Requests to providers that speak OpenAI's API, and their answers."""

import json

import pytest
from multidict import CIMultiDict

from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest, parse_chat
from wattos_platform.services.llm_gateway.domain.embedding_request import parse_embedding
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats.openai import OpenAiFormat
from wattos_platform.services.llm_gateway.domain.wire import Usage

FORMAT = OpenAiFormat("house")
ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0}
PASSAGE = Passage(id="p", document_id="d", document="a.md", start=0, end=1, text="Sky is blue.")


def asked(raw: bytes = b"", passages=(), **change) -> ChatRequest:
    """Return a request as the route makes it of `raw`, or of ASK with changes."""
    raw = raw or json.dumps({**ASK, **change}).encode()
    made = parse_chat(json.loads(raw))
    return ChatRequest(
        made.body, made.model, made.messages, made.stream, made.include_usage, passages or made.passages, raw
    )


def sent(request: ChatRequest, model: str = "gpt-4o-mini", *, stream: bool = False) -> dict:
    return json.loads(FORMAT.chat(model, request, stream=stream).body)


def answered(**change) -> bytes:
    message = {"role": "assistant", "content": "hello"}
    body = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return json.dumps({**body, **change}).encode()


def chunk(delta: dict, reason: str | None = None, **extra) -> bytes:
    return json.dumps({"choices": [{"delta": delta, "finish_reason": reason}], **extra}).encode()


def test_a_request_that_needs_no_change_is_sent_as_it_came():
    request = asked(unheard_of={"a": 1})
    call = FORMAT.chat("gpt-4o-mini", request, stream=False)
    assert call.body is request.raw
    assert (call.path, call.method) == ("/chat/completions", "POST")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            b'{"model": "dear", "model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}',
            id="twice",
        ),
        pytest.param(
            b'{"mod\\u0065l": "dear", "model": "gpt-4o-mini", "messages": [{"role": "user", "content": ""}]}',
            id="twice-escaped",
        ),
        pytest.param(
            b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "a"}], "wattos_context": []}',
            id="our-own-field",
        ),
    ],
)
def test_bytes_that_could_be_read_differently_are_written_anew(raw):
    body = FORMAT.chat("gpt-4o-mini", asked(raw), stream=False).body
    assert body.count(b"model") == 1
    assert b"wattos_context" not in body
    assert b"dear" not in body


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-55")])
def test_the_model_is_the_providers_own(id_):
    assert sent(asked(model="default"))["model"] == "gpt-4o-mini"


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-60")])
def test_a_zero_stays(id_):
    body = sent(asked(), "other")
    assert (body["temperature"], body["model"]) == (0, "other")


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_limits_keep_their_name(name):
    assert sent(asked(**{name: 5}), "o")[name] == 5


def test_a_stream_always_asks_for_usage():
    body = sent(asked(stream=True, stream_options={"include_usage": False, "other": 1}), stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True, "other": 1})


def test_a_whole_answer_to_who_asked_for_a_stream():
    body = sent(asked(stream=True, stream_options={"include_usage": True}), stream=False)
    assert {"stream", "stream_options"} & set(body) == set()


def test_passages_become_prompt_text():
    body = sent(asked(passages=[PASSAGE]))
    assert "[1] a.md\nSky is blue." in body["messages"][0]["content"]
    assert body["messages"][1:] == ASK["messages"]


def test_an_answer_keeps_its_bytes():
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    raw = answered(usage=usage, service_tier="default")
    found = FORMAT.answer(raw, "m")
    assert found.raw is raw
    assert (found.text, found.usage) == ("hello", Usage(10, 5, 4, 3))


@pytest.mark.parametrize(
    ("message", "text"),
    [({"content": None, "tool_calls": [{}]}, ""), (None, ""), ({"content": [{"type": "text"}]}, "")],
)
def test_an_answer_without_text_has_none(message, text):
    assert FORMAT.answer(answered(choices=[{"message": message}]), "m").text == text


@pytest.mark.parametrize(
    ("raw", "kind", "told"),
    [
        pytest.param(b"<html>", "unavailable", "not JSON", id="html"),
        pytest.param(b"[1]", "unavailable", "another shape", id="a-list"),
        pytest.param(b"{}", "unavailable", "without choices", id="empty"),
        pytest.param(answered(choices=[]), "unavailable", "without choices", id="no-choices"),
        pytest.param(answered(choices="a"), "unavailable", "another shape", id="choices-are-text"),
        pytest.param(
            answered(note="\xff").replace(b"\\u00ff", b"\xff"), "unavailable", "JSON", id="not-utf-8"
        ),
        pytest.param(b'{"a":' + b"[" * 100_000, "unavailable", "not JSON", id="deep"),
        pytest.param(b'{"error": {"message": "m"}}', "unavailable", "status 200", id="error"),
        pytest.param(b'{"error": {"message": "m", "code": 429}}', "rate_limited", "limits", id="error-429"),
        pytest.param(b'{"error": {"message": "m", "code": 400}}', "caller", "m", id="error-400"),
        pytest.param(b'{"error": "no"}', "unavailable", "status 200", id="error-as-text"),
    ],
)
def test_nonsense_is_a_failure_of_the_provider(raw, kind, told):
    with pytest.raises(ProviderFailure, match=told) as caught:
        FORMAT.answer(raw, "m")
    assert caught.value.kind == kind


def test_chunks_keep_their_bytes_and_say_what_they_bear():
    reader = FORMAT.stream("m")
    raw = [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "a"}),
        chunk({"tool_calls": [{"index": 0}]}),
        chunk({}, "stop"),
        json.dumps({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}).encode(),
    ]
    found = [each for data in raw for each in reader.read(data, "")]
    assert [each.raw for each in found] == raw
    assert [(each.text, each.content, each.finish_reason) for each in found] == [
        ("", False, ""), ("a", True, ""), ("", True, ""), ("", True, "stop"), ("", False, ""),
    ]  # fmt: skip
    assert [each.has_choices for each in found] == [True, True, True, True, False]
    assert found[-1].usage == Usage(1, 2)
    assert not reader.ended
    assert (list(reader.read(b"[DONE]", "")), reader.ended) == ([], True)
    assert list(reader.read(b"whatever follows", "")) == []


def test_a_chunk_of_several_lines_becomes_one():
    (found,) = FORMAT.stream("m").read(b'{"choices": [\n{"delta":\r\n{"content": "a"}}]}', "")
    assert b"\n" not in found.raw + b"\r" not in found.raw
    assert (found.text, json.loads(found.raw)["choices"][0]["delta"]) == ("a", {"content": "a"})


@pytest.mark.parametrize(
    ("data", "event", "kind"),
    [
        (b"{not json", "", "unavailable"),
        (b'{"error": {"message": "x"}}', "", "unavailable"),
        (b'{"message": "x"}', "error", "unavailable"),
        (b'{"error": {"message": "x", "code": 503}}', "", "unavailable"),
        (b'{"error": {"message": "x", "code": 429}}', "", "rate_limited"),
        (b'{"choices": [{"delta": []}]}', "", "unavailable"),
    ],
)
def test_a_chunk_that_is_an_error_fails(data, event, kind):
    with pytest.raises(ProviderFailure) as caught:
        FORMAT.stream("m").read(data, event)
    assert caught.value.kind == kind


def test_embeddings_go_and_come():
    request = parse_embedding({"model": "default", "input": ["a"], "dimensions": 2, "user": "u"})
    call = FORMAT.embeddings("text-embedding-3-small", request)
    assert (call.path, json.loads(call.body)) == (
        "/embeddings",
        {**request.body, "model": "text-embedding-3-small"},
    )
    body = {"object": "list", "data": [{"index": 0, "embedding": [0.5]}], "extra": 1}
    assert FORMAT.embeddings_answer(json.dumps(body).encode(), "m", request) == body
    for nonsense in (b'{"data": 1}', b'{"error": {"message": "m"}}', b"[]"):
        with pytest.raises(ProviderFailure):
            FORMAT.embeddings_answer(nonsense, "m", request)


def test_models_are_the_ids_it_lists():
    assert (FORMAT.list_models().method, FORMAT.list_models().path) == ("GET", "/models")
    assert FORMAT.models(b'{"data": [{"id": "a"}, {"id": ""}, "b", {"id": "c"}]}') == ["a", "c"]
    assert FORMAT.models(b'{"data": null}') == []


def test_only_a_key_that_is_there_is_sent():
    assert FORMAT.headers("k") == {"Authorization": "Bearer k"}
    assert FORMAT.headers("") == {}


def test_a_callers_mistake_is_told_in_the_providers_words_without_secrets():
    key = "sk-" + "a1b2c3d4" * 6
    error = {
        "message": f"too long {key} " + "x" * 900,
        "code": "context_length_exceeded",
        "param": "messages",
    }
    failure = FORMAT.failure(400, {}, json.dumps({"error": error}).encode(), 0.0)
    assert (failure.kind, failure.code, failure.param) == ("caller", "context_length_exceeded", "messages")
    assert key not in failure.message
    assert len(failure.message) == 500


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500, 503])
def test_other_failures_never_quote_the_provider(status):
    failure = FORMAT.failure(status, {}, b'{"error": {"message": "internal host 10.0.0.7"}}', 0.0)
    assert "10.0.0.7" not in failure.message


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "2", "Retry-After-Ms": "250"}, 0.25),
        ({"retry-after": "3", "retry-after-ms": "soon"}, 3.0),
        ({}, None),
    ],
)
def test_a_rate_limit_says_how_long(headers, wait):
    failure = FORMAT.failure(429, CIMultiDict(headers), b"", 0.0)
    assert (failure.kind, failure.retry_after_s) == ("rate_limited", wait)

"""Embeddings, lists of models and credentials of each provider."""

import base64
import json
from array import array

import pytest

from tests.fakes.llm.transcripts import wire_format
from wattos_platform.services.llm_gateway.domain.embedding_request import parse_embedding
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure

TEXTS = parse_embedding({"model": "m", "input": ["one", "two"], "dimensions": 2, "user": "u"})
GEMINI = {
    "embeddings": [{"values": [0.5, 1.0]}, {"values": [0, 2]}],
    "usageMetadata": {"promptTokenCount": 4},
}
OLLAMA = {"model": "m", "embeddings": [[0.5, 1.0], [0, 2]], "prompt_eval_count": 4}


@pytest.mark.parametrize(
    ("provider", "path", "body"),
    [
        ("openai", "/embeddings", {**TEXTS.body, "model": "e"}),
        ("azure", "/openai/v1/embeddings", {**TEXTS.body, "model": "e"}),
        (
            "google",
            "/v1beta/models/e:batchEmbedContents",
            {
                "requests": [
                    {"model": "models/e", "outputDimensionality": 2, "content": {"parts": [{"text": text}]}}
                    for text in ("one", "two")
                ]
            },
        ),
        ("ollama", "/api/embed", {"model": "e", "input": ["one", "two"], "dimensions": 2}),
    ],
)
def test_embeddings_are_asked_for(provider, path, body):
    call = wire_format(provider).embeddings("e", TEXTS)
    assert (call.path, json.loads(call.body)) == (path, body)


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-58")])
@pytest.mark.parametrize(("provider", "raw"), [("google", GEMINI), ("ollama", OLLAMA)])
def test_vectors_come_in_openais_shape(provider, raw, id_):
    body = wire_format(provider).embeddings_answer(json.dumps(raw).encode(), "e", TEXTS)
    assert body == {
        "object": "list",
        "model": "e",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, 1.0]},
            {"object": "embedding", "index": 1, "embedding": [0.0, 2.0]},
        ],
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }


def test_vectors_are_packed_for_who_asks_so():
    packed = parse_embedding({**TEXTS.body, "encoding_format": "base64"})
    body = wire_format("ollama").embeddings_answer(json.dumps(OLLAMA).encode(), "e", packed)
    assert array("f", base64.b64decode(body["data"][0]["embedding"])).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("provider", ["google", "ollama"])
@pytest.mark.parametrize("raw", [b'{"embeddings": []}', b"{}", b"x"])
def test_another_number_of_vectors_is_nonsense(provider, raw):
    with pytest.raises(ProviderFailure) as caught:
        wire_format(provider).embeddings_answer(raw, "e", TEXTS)
    assert caught.value.kind == "unavailable"


@pytest.mark.parametrize(
    ("provider", "given"),
    [("anthropic", ["one"]), ("google", [1, 2]), ("ollama", [[1], [2]])],
)
def test_embeddings_that_are_not_to_be_had(provider, given):
    with pytest.raises(ProviderFailure) as caught:
        wire_format(provider).embeddings("e", parse_embedding({"model": "m", "input": given}))
    assert (caught.value.kind, caught.value.param) == ("unsupported", "input")


@pytest.mark.parametrize(
    ("provider", "path", "raw", "names"),
    [
        ("openai", "/models", {"data": [{"id": "a"}]}, ["a"]),
        (
            "anthropic",
            "/v1/models?limit=1000",
            {"data": [{"id": "claude-opus-5", "type": "model"}]},
            ["claude-opus-5"],
        ),
        (
            "google",
            "/v1beta/models?pageSize=1000",
            {
                "models": [
                    {"name": "models/gemini-2.5-flash", "supportedGenerationMethods": ["generateContent"]},
                    {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]},
                    {"name": "models/imagen-4", "supportedGenerationMethods": ["predict"]},
                ]
            },
            ["gemini-2.5-flash", "gemini-embedding-001"],
        ),
        ("ollama", "/api/tags", {"models": [{"name": "llama3.2:latest", "size": 1}]}, ["llama3.2:latest"]),
    ],
)
def test_models_are_listed(provider, path, raw, names):
    wire = wire_format(provider)
    call = wire.list_models()
    assert (call.method, call.path, call.body) == ("GET", path, b"")
    assert wire.models(json.dumps(raw).encode()) == names


def test_azure_lists_no_deployments():
    assert wire_format("azure").list_models() is None


@pytest.mark.parametrize(
    ("provider", "headers"),
    [
        ("openai", {"Authorization": "Bearer k"}),
        ("azure", {"api-key": "k"}),
        ("anthropic", {"x-api-key": "k", "anthropic-version": "2023-06-01"}),
        ("google", {"x-goog-api-key": "k"}),
        ("ollama", {"Authorization": "Bearer k"}),
    ],
)
def test_the_key_goes_into_the_providers_own_header(provider, headers):
    wire = wire_format(provider)
    assert wire.headers("k") == headers
    assert "k" not in wire.headers("").values()


@pytest.mark.parametrize("model", ["../../v1/files", "a?key=x#", "models/a\r\nx: y"])
@pytest.mark.parametrize("provider", ["google", "azure"])
def test_a_models_name_is_no_path(provider, model):
    options = {"api_version": "2024-10-21"} if provider == "azure" else {}
    path = wire_format(provider, **options).embeddings(model, TEXTS).path
    inside = path.removeprefix("/v1beta/models/").removeprefix("/openai/deployments/")
    assert inside.count("/") == (provider == "azure")
    assert inside.count("?") == (provider == "azure")
    assert not {"#", "\r", "\n", " "} & set(path)


@pytest.mark.parametrize(
    ("provider", "body", "kind", "told"),
    [
        ("anthropic", {"type": "error", "error": {"type": "rate_limit_error"}}, "rate_limited", "limits"),
        ("anthropic", {"type": "error", "error": {"type": "api_error"}}, "unavailable", "status 500"),
        ("anthropic", {"type": "error", "error": "no"}, "unavailable", "status 529"),
        ("anthropic", {"type": "message", "id": "m"}, "unavailable", "without content"),
        ("google", {"error": {"code": 429, "message": "m"}}, "rate_limited", "limits"),
        ("google", {"error": "no"}, "unavailable", "status 503"),
    ],
)
def test_an_error_in_place_of_an_answer_is_what_it_says(provider, body, kind, told):
    with pytest.raises(ProviderFailure, match=told) as caught:
        wire_format(provider).answer(json.dumps(body).encode(), "m")
    assert caught.value.kind == kind


@pytest.mark.parametrize(("status", "kind"), [(400, "auth"), (413, "caller"), (503, "unavailable")])
def test_googles_failed_precondition_speaks_of_the_account_with_status_400_alone(status, kind):
    body = json.dumps({"error": {"code": status, "message": "m", "status": "FAILED_PRECONDITION"}}).encode()
    assert wire_format("google").failure(status, {}, body, 0.0).kind == kind


@pytest.mark.parametrize(("code", "kept"), [("400", None), (400, None), ("too_long", "too_long")])
def test_a_code_that_repeats_the_status_is_none(code, kept):
    body = json.dumps({"error": {"code": code, "message": "m"}}).encode()
    assert wire_format("azure").failure(400, {}, body, 0.0).code == kept


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        (
            "openai",
            {
                "choices": [{"message": {"content": "a"}}],
                "usage": {"prompt_tokens": 0, "completion_tokens": 0},
            },
        ),
        (
            "anthropic",
            {"content": [{"type": "text", "text": "a"}], "usage": {"input_tokens": 0, "output_tokens": 0}},
        ),
        (
            "google",
            {
                "candidates": [{"content": {"parts": [{"text": "a"}]}}],
                "usageMetadata": {"promptTokenCount": 0, "candidatesTokenCount": 0},
            },
        ),
        ("ollama", {"message": {"content": "a"}, "done": True, "prompt_eval_count": 0, "eval_count": 0}),
    ],
)
def test_zeros_are_no_count_so_that_nothing_is_free(provider, body):
    answer = wire_format(provider).answer(json.dumps(body).encode(), "m")
    assert (answer.text, answer.usage) == ("a", None)

"""Bad requests of every kind through the gateway: a clear refusal, and nothing else happens."""

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from tests.fakes.project.callers import Witness, caller, is_our_error, new_space, witness
from tests.fakes.project.running import RunningProject

pytestmark = pytest.mark.e2e
MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def seen(standing: RunningProject) -> Witness:
    return witness(standing)


@pytest.fixture(scope="module")
def client(standing: RunningProject, seen: Witness) -> Iterator[httpx.Client]:
    with caller(standing, "requests") as client:
        client.event_hooks = {"response": [seen.keep]}
        yield client


@pytest.fixture(scope="module")
def space(client: httpx.Client) -> str:
    return new_space(client)


@pytest.fixture(scope="module")
def paths(client: httpx.Client, space: str) -> dict[str, str]:
    """Return every path that takes JSON, by a short name."""
    talk = client.post("/api/v1/conversations", json={}).json()["id"]
    answer = client.post(f"/api/v1/conversations/{talk}/messages", json={"content": "hello"}).json()["id"]
    return {
        "conversations": "/api/v1/conversations",
        "messages": f"/api/v1/conversations/{talk}/messages",
        "feedback": f"/api/v1/messages/{answer}/feedback",
        "spaces": "/api/v1/knowledge-spaces",
        "search": "/api/v1/search",
        "space-search": f"/api/v1/knowledge-spaces/{space}/search",
        "runs": "/api/v1/agents/it-support/runs",
        "chat": "/v1/chat/completions",
        "completions": "/v1/completions",
        "responses": "/v1/responses",
        "claude": "/v1/messages",
        "embeddings": "/v1/embeddings",
    }


MODEL_API = ("chat", "completions", "responses", "claude", "embeddings")
NAMES = (
    "conversations", "messages", "feedback", "spaces", "search", "space-search", "runs", *MODEL_API,
)  # fmt: skip
NOT_JSON = {
    "cut": b'{"content":',
    "empty": b"",
    "words": b"hello",
    "latin-1": b'{"content": "caf\xe9"}',
    "utf-16": '{"content": "x"}'.encode("utf-16"),
    "deep": b"[" * 200_000,
    "trailing": b'{"content": "x"} {"content": "y"}',
    "nul": b"\x00" * 64,
}
NOT_AN_OBJECT = {"list": b"[]", "string": b'"x"', "null": b"null", "number": b"1e999"}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_json_is_a_400(client: httpx.Client, paths: dict[str, str], name: str) -> None:
    for kind, body in NOT_JSON.items():
        answer = post(client, paths[name], body)
        assert answer.status_code == 400, (kind, answer.text)
        assert is_our_error(answer), kind


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_object_is_refused(client: httpx.Client, paths: dict[str, str], name: str) -> None:
    for kind, body in NOT_AN_OBJECT.items():
        answer = post(client, paths[name], body)
        assert answer.status_code in {400, 422}, (kind, answer.text)
        assert is_our_error(answer), kind


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("conversations", {"title": 5}, "title"),
        ("conversations", {"colour": "red"}, "colour"),
        ("conversations", {"title": "a\0b"}, "title"),
        ("conversations", {"knowledge_space_id": ["x"]}, "knowledge_space_id"),
        ("messages", {"content": None}, "content"),
        ("messages", {"content": "x", "temperature": "hot"}, "temperature"),
        ("messages", {"content": "x", "max_tokens": -1}, "max_tokens"),
        ("messages", {"content": "x", "tools": []}, "tools"),
        ("messages", {}, "content"),
        ("feedback", {"rating": 5}, "rating"),
        ("feedback", {"rating": "positive", "user": "root"}, "user"),
        ("spaces", {"name": ""}, "name"),
        ("spaces", {"name": "x", "tenant": "b"}, "tenant"),
        ("spaces", {"name": "x", "chunking": {"size": 1}}, "chunking.size"),
        ("search", {"query": "x"}, "knowledge_space_id"),
        ("space-search", {"query": "x", "top_k": 10_000}, "top_k"),
        ("space-search", {"query": "x", "mode": "sql"}, "mode"),
        ("space-search", {"query": "x", "filters": {"name' or 1=1": "x"}}, "filters.name' or 1=1"),
        ("runs", {"input": 7}, "input"),
        ("runs", {"input": "x", "approved": True}, "approved"),
    ],
)
def test_a_wrong_field_is_named(
    client: httpx.Client, paths: dict[str, str], name: str, body: dict[str, Any], field: str
) -> None:
    answer = client.post(paths[name], json=body)
    assert answer.status_code == 422, answer.text
    assert is_our_error(answer)
    assert field in {detail["field"] for detail in answer.json()["details"]}


@pytest.mark.parametrize(
    ("name", "body", "param"),
    [
        ("chat", {"messages": MESSAGES}, "model"),
        ("chat", {"model": 5, "messages": MESSAGES}, "model"),
        ("chat", {"model": "default"}, "messages"),
        ("chat", {"model": "default", "messages": [{"role": "king", "content": "x"}]}, "messages"),
        ("chat", {"model": "default", "messages": MESSAGES, "stream": "yes"}, "stream"),
        ("chat", {"model": "default", "messages": MESSAGES, "max_tokens": "many"}, "max_tokens"),
        ("chat", {"model": "default", "messages": MESSAGES, "temperature": -0.1}, "temperature"),
        ("completions", {"model": "default"}, "prompt"),
        ("completions", {"model": "default", "prompt": "x", "temperature": -1}, "temperature"),
        ("responses", {"model": "default"}, "input"),
        ("responses", {"model": "default", "input": "x", "max_output_tokens": -1}, "max_output_tokens"),
        ("claude", {"model": "default", "messages": MESSAGES}, "max_tokens"),
        ("claude", {"model": "default", "messages": [], "max_tokens": 5}, "messages"),
        ("embeddings", {"model": "wattos-minilm"}, "input"),
        ("embeddings", {"model": "wattos-minilm", "input": {"a": 1}}, "input"),
        ("embeddings", {"model": "wattos-minilm", "input": "x", "encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_a_wrong_parameter_is_named_in_openai_s_shape(
    client: httpx.Client, paths: dict[str, str], name: str, body: dict[str, Any], param: str
) -> None:
    answer = client.post(paths[name], json=body)
    assert answer.status_code == 400, answer.text
    assert is_our_error(answer)
    error = answer.json()["error"]
    assert (error["details"] if name == "claude" else error)["param"].startswith(param)


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "\\ufeff\\u202e"])
@pytest.mark.parametrize(
    "name",
    [
        "conversations",
        "messages",
        "spaces",
        "space-search",
        "runs",
        "chat",
        "completions",
        "responses",
        "claude",
    ],
)
def test_odd_characters_are_refused_or_taken_and_never_break_anything(
    client: httpx.Client, paths: dict[str, str], name: str, text: str
) -> None:
    wanted = {
        "conversations": '{"title": "x%s"}',
        "messages": '{"content": "x%s"}',
        "spaces": '{"name": "x%s"}',
        "space-search": '{"query": "x%s"}',
        "runs": '{"input": "x%s"}',
        "chat": '{"model": "default", "messages": [{"role": "user", "content": "x%s"}]}',
        "completions": '{"model": "default", "prompt": "x%s"}',
        "responses": '{"model": "default", "input": "x%s"}',
        "claude": '{"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "x%s"}]}',
    }
    answer = post(client, paths[name], (wanted[name] % text).encode())
    assert answer.status_code < 500, answer.text
    assert answer.is_success or is_our_error(answer)


@pytest.mark.parametrize("name", NAMES)
def test_a_body_above_the_limit_is_a_413(client: httpx.Client, paths: dict[str, str], name: str) -> None:
    size = 21_000_000 if paths[name].startswith("/v1/") else 3_000_000
    for content in (b"x" * size, iter([b"x" * 1_000_000] * (size // 1_000_000))):
        answer = client.post(paths[name], content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413, answer.text
        assert is_our_error(answer)


def test_ten_megabytes_for_a_model_are_answered_or_refused(client: httpx.Client) -> None:
    long = "word " * 2_000_000
    chat = {"model": "default", "messages": [{"role": "user", "content": long}]}
    for path, body in (
        ("/v1/chat/completions", chat),
        ("/v1/embeddings", {"model": "wattos-minilm", "input": long}),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code in {200, 400}, answer.text[:500]
        assert answer.is_success or is_our_error(answer)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=1e9", "cursor=%00", "cursor=AAAA", "colour=red", "cursor=%ff%fe"]
)
@pytest.mark.parametrize("path", ["conversations", "knowledge-spaces", "runs", "audit"])
def test_a_wrong_query_is_refused(client: httpx.Client, path: str, query: str) -> None:
    answer = client.get(f"/api/v1/{path}?{query}")
    assert answer.status_code in {400, 422}, answer.text
    assert is_our_error(answer)


@pytest.mark.parametrize("query", ["since=x", "until=0001-01-01", "since=9999-12-31", "tenant=a"])
@pytest.mark.parametrize("path", ["/v1/usage", "/api/v1/usage"])
def test_a_wrong_period_is_refused_in_the_shape_of_the_path(
    client: httpx.Client, path: str, query: str
) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400, answer.text
    assert is_our_error(answer)


GOOD: dict[str, dict[str, Any]] = {
    "conversations": {"title": "x", "knowledge_space_id": None},
    "messages": {"content": "x", "stream": False, "model": "default", "temperature": 1.0, "max_tokens": 5},
    "feedback": {"rating": "positive", "comment": "x"},
    "spaces": {"name": "x", "description": "", "chunking": {"size": 500}, "redact": []},
    "space-search": {"query": "x", "top_k": 1, "mode": "text", "min_score": 0, "filters": {}},
    "runs": {"input": "x", "knowledge_space_id": "x", "tools": []},
    "chat": {"model": "default", "messages": MESSAGES, "temperature": 1, "max_tokens": 5, "n": 1, "stop": "x",
             "stream": False, "tools": [], "response_format": None, "seed": 1, "wattos_context": []},
    "completions": {"model": "default", "prompt": "x", "max_tokens": 5, "temperature": 0, "echo": False,
                    "best_of": 1, "suffix": None, "stop": "x", "stream": False},
    "responses": {"model": "default", "input": "x", "instructions": "x", "max_output_tokens": 5, "tools": [],
                  "text": {}, "reasoning": None, "store": False, "metadata": {}, "stream": False},
    "claude": {"model": "default", "messages": MESSAGES, "max_tokens": 5, "system": "x", "temperature": 0.5,
               "stop_sequences": [], "tools": [], "thinking": None, "metadata": {}, "stream": False},
    "embeddings": {"model": "wattos-minilm", "input": "x", "encoding_format": "float", "dimensions": 384},
}  # fmt: skip
ODD: list[Any] = [None, True, -1, 10**30, 1e308, "", "x" * 5000, "\0", [], {}, [[]], [None], {"a": [{}]}]


@pytest.fixture
def someone(
    standing: RunningProject, seen: Witness, client: httpx.Client, name: str
) -> Iterator[httpx.Client]:
    """Yield a client of a tenant of its own where the path allows it: each may ask so often in a minute."""
    if name not in MODEL_API:
        yield client
        return
    with caller(standing, f"requests-{name}") as other:
        other.event_hooks = {"response": [seen.keep]}
        yield other


@pytest.mark.parametrize("name", GOOD)
def test_no_odd_value_of_any_field_is_a_failure_of_ours(
    someone: httpx.Client, paths: dict[str, str], name: str
) -> None:
    for field, value in itertools.product(GOOD[name], ODD):
        answer = someone.post(paths[name], json=GOOD[name] | {field: value})
        assert answer.status_code < 500, (field, value, answer.text)
        assert answer.status_code != 429, "nothing was tried"
        assert answer.is_success or is_our_error(answer), (field, value)


def test_a_token_that_is_not_ours_is_a_401(standing: RunningProject, client: httpx.Client) -> None:
    secret = (standing.root / ".wattos/run/jwt.secret").read_bytes().strip()
    claims = {
        "iss": "wattos", "aud": "wattos", "sub": "eve", "tenant": "a", "roles": ["admin"], "jti": "j",
        "exp": time.time() + 600,
    }  # fmt: skip
    true = jwt.encode(claims, secret, "HS256")
    assert client.get("/api/v1/runs", headers=bearer(true)).status_code == 200
    none, other = jwt.encode(claims, "", "none"), jwt.encode(claims | {"tenant": "b"}, b"k" * 32)
    header, payload, signature = true.split(".")
    refused = {
        "expired": jwt.encode(claims | {"exp": time.time() - 1}, secret, "HS256"),
        "unsigned": f"{header}.{payload}.",
        "alg-none": none,
        "alg-none-signed": f"{none.split('.')[0]}.{payload}.{signature}",
        "another-secret": jwt.encode(claims, b"k" * 32, "HS256"),
        "another-tenant": f"{header}.{other.split('.')[1]}.{signature}",
        "no-tenant": jwt.encode(claims | {"tenant": ""}, secret, "HS256"),
        "two-tenants": jwt.encode(claims | {"tenant": ["a", "b"]}, secret, "HS256"),
        "no-expiry": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, secret, "HS256"),
        "words": "hello",
        "huge": "a" * 20_000,
    }
    answers = {name: client.get("/api/v1/runs", headers=bearer(text)) for name, text in refused.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(refused, 401)
    assert all(is_our_error(answer) for answer in answers.values())
    assert is_our_error(client.get("/v1/models", headers=bearer(none)))


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(b"X-Request-ID: abcdefgh\r\n Set-Cookie: a=b", 400, id="folded"),
        pytest.param(b"X-Request-ID: abcdefgh\nSet-Cookie: a=b", 400, id="bare-line-feed"),
        pytest.param(b"X-Request-ID: abcdefgh\rSet-Cookie: a=b", 400, id="bare-return"),
        pytest.param(b"X-Request-ID: abc\x00defgh", 400, id="nul"),
        pytest.param(b"X-Request-ID: %0d%0aSet-Cookie:%20a=b", 200, id="escaped"),
        pytest.param(b"traceparent: 00-\xff\xfe-01", 200, id="trace"),
        pytest.param(b"X-Tenant-Id: a\xc3\xa9", 403, id="tenant"),
        pytest.param(b"Accept-Language: \xff\xfe", 200, id="not-ascii-passed-on"),
        pytest.param(b"X-Request-Deadline-Ms: " + b"9" * 5000, 200, id="deadline"),
        pytest.param(b"X-Request-Deadline-Ms: \xb2", 200, id="deadline-superscript"),
        pytest.param(b"Content-Length: " + b"0" * 5000, 200, id="length-of-zeros"),
        pytest.param(b"Content-Length: 5\r\nContent-Length: 6", 400, id="two-lengths"),
        pytest.param(b"Content-Length: 5\r\nTransfer-Encoding: chunked", 400, id="length-and-chunked"),
        pytest.param(b"Transfer-Encoding: chunked, gzip", 400, id="strange-encoding"),
        pytest.param(b"Content-Length: -1", 400, id="negative-length"),
        pytest.param(b"Big: " + b"x" * 40_000, 431, id="large-field"),
        pytest.param(b"Big: " + b"x" * 5_000_000, 431, id="huge-field"),
        pytest.param(b"\r\n".join(b"X-%d: yyyy" % number for number in range(4000)), 431, id="many-fields"),
        pytest.param(b"Connection: authorization, x-tenant-id", 200, id="connection-names-others"),
        pytest.param(b"Expect: 100-continue", 200, id="expect"),
        pytest.param(b"Upgrade: websocket\r\nConnection: Upgrade", 200, id="upgrade"),
    ],
)
def test_no_header_field_can_be_slipped_in(
    seen: Witness, client: httpx.Client, head: bytes, status: int
) -> None:
    key = client.headers["authorization"].encode()
    lines = b"GET /api/v1/conversations HTTP/1.1\r\nHost: x\r\nAuthorization: " + key + b"\r\n" + head
    answer = seen.raw(lines + b"\r\nConnection: close\r\n\r\n")
    head_of_answer, _, body = answer.partition("\r\n\r\n")
    assert head_of_answer.startswith(f"HTTP/1.1 {status} "), answer[:300]
    assert "set-cookie" not in head_of_answer.lower()
    assert status == 200 or json.loads(body)["statusCode"] == status


@pytest.mark.parametrize(
    "path",
    ["/api/v1/../../admin/tokens", "/api/v1/documents/%2e%2e/%2e%2e/admin", "/api/v1/%0d%0aSet-Cookie:a=b",
     "/api/v1/documents/..%2f..%2fx", "//evil.example/api", "/api/v1/conversations/%00", "/admin/tokens",
     "/api/v1/conversations/" + "a" * 60_000, "/api/v1/conversations/\xff", "/v1/models/..%2f..%2fadmin"],
)  # fmt: skip
def test_a_strange_path_leads_nowhere(seen: Witness, client: httpx.Client, path: str) -> None:
    key = client.headers["authorization"]
    text = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nConnection: close\r\n\r\n"
    answer = seen.raw(text.encode("latin-1"))
    assert answer.split(" ")[1] in {"400", "404", "414", "431"}, answer[:300]
    head, _, body = answer.partition("\r\n\r\n")
    assert "set-cookie" not in head.lower()
    assert json.loads(body).keys() & {"code", "error"}


def test_afterwards_all_is_as_before(seen: Witness, client: httpx.Client, paths: dict[str, str]) -> None:
    assert seen.harm() == []
    stored = client.get(paths["messages"]).json()["items"]
    assert next(message["content"] for message in stored if message["role"] == "user") == "hello"
    assert client.post(paths["chat"], json={"model": "default", "messages": MESSAGES}).status_code == 200


def post(client: httpx.Client, path: str, content: bytes) -> httpx.Response:
    return client.post(path, content=content, headers={"content-type": "application/json"})


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}

"""What goes through the gateway arrives unchanged, and what must not go through does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.network.raw_answer import raw
from tests.fakes.services.gateway import Gateway, running_gateway
from wattos_platform.kernel.hops import HopSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")
MESSAGES = "/api/v1/conversations/c1/messages"
DOCUMENTS = "/api/v1/knowledge-spaces/s1/documents"
COMPLETIONS = "/v1/chat/completions"
MB = 1_000_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with running_gateway(
        tmp_path_factory.mktemp("gateway"), environ={"RATE_LIMIT": "9999r/m"}
    ) as running:
        yield running


@pytest.fixture
def gateway(one_gateway: Gateway) -> Gateway:
    one_gateway.forget()
    return one_gateway


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        pytest.param("POST", MESSAGES, "chat", id="defect-9-chat"),
        pytest.param("POST", COMPLETIONS, "llm-gateway", id="defect-9-llm"),
        pytest.param("POST", "/api/v1/search", "rag", id="defect-9-rag"),
        pytest.param("POST", "/api/v1/agents/legal/runs", "agent", id="defect-9-agent"),
        pytest.param("POST", "/api/v1/messages/m1/feedback", "chat", id="feedback"),
        pytest.param("PATCH", "/api/v1/conversations/c1", "chat", id="patch"),
    ],
)
@pytest.mark.parametrize("size", [2, 60_000, 1_000_000])
async def test_proxied_post_reaches_backend(
    gateway: Gateway, method: str, path: str, service: str, size: int
) -> None:
    body = json.dumps({"text": "x" * size}).encode()
    headers = await gateway.headers() | {"content-type": "application/json", "idempotency-key": "k1"}
    answer = await gateway.call(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    (seen,) = gateway.upstreams[service].seen
    assert (seen.method, seen.path, seen.body) == (method, path, body)
    assert seen.headers[b"content-type"] == b"application/json"
    assert seen.headers[b"idempotency-key"] == b"k1"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        pytest.param("/api/v1/conversations", "chat", id="defect-11"),
        pytest.param("/api/v1/agents", "agent", id="defect-11-agents"),
        pytest.param("/api/v1/knowledge-spaces", "rag", id="defect-12"),
        pytest.param("/v1/models/gpt-4.1", "llm-gateway", id="defect-12-v1"),
        pytest.param("/v1/models/a%2Fb", "llm-gateway", id="encoded-slash"),
        pytest.param("/api/v1/usage", "llm-gateway", id="defect-12-usage"),
        pytest.param("/api/v1/documents/d%20x", "rag", id="encoded"),
    ],
)
async def test_a_path_arrives_unchanged(gateway: Gateway, path: str, service: str) -> None:
    answer = await gateway.call("GET", path + "?a=1&b=%20x")
    assert answer.status_code == 200
    (seen,) = gateway.upstreams[service].seen
    assert (seen.path, seen.query) == (path, b"a=1&b=%20x")


async def test_request_id_and_trace_travel_and_come_back(gateway: Gateway) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = await gateway.headers()
    headers |= {"x-request-id": "request-123", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    answer = await gateway.call("GET", "/v1/models", headers=headers)
    (seen,) = gateway.upstreams["llm-gateway"].seen
    assert seen.headers[b"x-request-id"] == b"request-123"
    assert trace.encode() in seen.headers[b"traceparent"]
    assert answer.headers.get_list("x-request-id") == ["request-123"]


async def test_an_upstreams_own_error_is_passed_on_as_it_is(gateway: Gateway) -> None:
    upstream = gateway.upstreams["llm-gateway"]
    body = b'{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}'
    upstream.answer = (404, [(b"x-extra", b"1"), (b"set-cookie", b"a=b"), (b"server", b"evil")], body)
    answer = await gateway.call("GET", "/v1/models/none")
    assert (answer.status_code, answer.content) == (404, body)
    assert answer.headers["x-extra"] == "1"
    assert "set-cookie" not in answer.headers
    assert "evil" not in answer.headers.get("server", "")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "route_not_found"),
        ("GET", "/", 404, "route_not_found"),
        ("DELETE", "/api/v1/search", 405, "method_not_allowed"),
        ("TRACE", "/api/v1/search", 405, "method_not_allowed"),
    ],
)
async def test_what_the_table_does_not_know(
    gateway: Gateway, method: str, path: str, status: int, code: str
) -> None:
    answer = await gateway.call(method, path, headers={})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        pytest.param("/api/v1/search", 3 * MB, 413, id="json-3-mb"),
        pytest.param("/v1/embeddings", 3 * MB, 200, id="model-3-mb"),
        pytest.param("/v1/embeddings", 21 * MB, 413, id="model-21-mb"),
        pytest.param(DOCUMENTS, 21 * MB, 200, id="upload-21-mb"),
        pytest.param(DOCUMENTS, 51 * MB, 413, id="upload-51-mb"),
    ],
)
@pytest.mark.parametrize("declared", [True, False], ids=["content-length", "chunked"])
async def test_a_body_is_as_large_as_its_route_allows(
    gateway: Gateway, path: str, size: int, status: int, declared: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // 100_000):
            yield b"x" * 100_000

    answer = await gateway.call("POST", path, content=b"x" * size if declared else pieces())
    assert answer.status_code == status
    if status == 413:
        body = answer.json()
        assert (body.get("error") or body)["code"] == "body_too_large"
    else:
        service = "rag" if path == DOCUMENTS else "llm-gateway"
        assert len(gateway.upstreams[service].seen[0].body) == size


async def test_an_upload_is_passed_on_while_it_is_sent(gateway: Gateway) -> None:
    upstream = gateway.upstreams["rag"]
    upstream.mode = "deaf"
    told = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first" * 20_000
        await upstream.entered.wait()
        told.set()
        yield b"second"

    answer = await gateway.call("POST", DOCUMENTS, content=pieces())
    assert told.is_set()
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        pytest.param("POST", MESSAGES, "chat", id="defect-21"),
        pytest.param("POST", COMPLETIONS, "llm-gateway", id="defect-21-v1"),
        pytest.param("GET", "/api/v1/runs/r1/events", "agent", id="defect-21-steps"),
    ],
)
async def test_each_event_arrives_before_the_next_is_sent(
    gateway: Gateway, method: str, path: str, service: str
) -> None:
    upstream = gateway.upstreams[service]
    upstream.mode = "stream"
    upstream.chunks = [b"data: %d\n\n" % number for number in range(5)]
    headers = await gateway.headers() | {"accept": "text/event-stream", "accept-encoding": "gzip, br"}
    got = []
    async with gateway.served.public.stream(method, path, headers=headers) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert "content-encoding" not in answer.headers
        async for chunk in answer.aiter_raw():
            got.append(chunk)
            upstream.release.release()
    assert got == upstream.chunks


@pytest.mark.parametrize("mode", ["hang", "stream"])
async def test_a_client_that_leaves_cancels_the_upstreams_work(gateway: Gateway, mode: str) -> None:
    upstream = gateway.upstreams["llm-gateway"]
    upstream.mode = mode
    key = await gateway.key()
    host, port = gateway.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST {COMPLETIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\r\n"
    )
    writer.write(head.encode() + b"{}")
    await writer.drain()
    await upstream.entered.wait()
    writer.close()
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 60)
    line = await line_of(gateway, COMPLETIONS)
    assert line["error.type"] == "caller_gone"


async def test_a_client_that_leaves_during_an_upload_cancels_it(gateway: Gateway) -> None:
    upstream = gateway.upstreams["rag"]
    key = await gateway.key()
    host, port = gateway.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    writer.write(head.encode() + b"Content-Length: 1000000\r\n\r\n" + b"x" * 200_000)
    await writer.drain()
    await upstream.entered.wait()
    writer.close()
    await line_of(gateway, "/api/v1/knowledge-spaces/{space_id}/documents")
    assert len(upstream.seen[0].body) < 1_000_000


async def test_a_slow_reader_slows_the_upstream_down(gateway: Gateway) -> None:
    upstream = gateway.upstreams["llm-gateway"]
    upstream.mode = "stream"
    upstream.chunks = [b"x" * 100_000] * 400
    for _ in upstream.chunks:
        upstream.release.release()
    key = await gateway.key()
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    head = f"POST {COMPLETIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    await asyncio.wait_for(upstream.entered.wait(), 60)
    before = -1
    while upstream.sent != before:
        before = upstream.sent
        await asyncio.sleep(0.2)
    assert 0 < upstream.sent < 30_000_000
    total = 0
    while chunk := await reader.read(1_000_000):
        total += len(chunk)
        if chunk.endswith(b"0\r\n\r\n"):
            break
    writer.close()
    assert upstream.sent == 40_000_000


async def test_a_stream_that_breaks_off_ends_with_an_error_event(gateway: Gateway) -> None:
    upstream = gateway.upstreams["llm-gateway"]
    upstream.mode = "broken"
    answer = await gateway.call("POST", COMPLETIONS, json={})
    assert answer.text.startswith("data: one\n\n")
    last = json.loads(answer.text.strip().rpartition("data: ")[2])
    assert last["error"]["code"] == "upstream_truncated"
    assert "[DONE]" not in answer.text


async def test_a_download_that_breaks_off_does_not_end_cleanly(gateway: Gateway) -> None:
    upstream = gateway.upstreams["rag"]
    upstream.mode, upstream.content_type = "broken", b"application/octet-stream"
    key = await gateway.key()
    head = f"GET /api/v1/documents/d1/text HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    got = await raw(gateway.url, head.encode())
    assert b"data: one" in got
    assert not got.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(("path", "shape"), [("/api/v1/conversations", "platform"), ("/v1/models", "openai")])
async def test_an_upstream_that_is_down_is_503_in_the_right_shape(
    tmp_path: Path, path: str, shape: str
) -> None:
    async with running_gateway(tmp_path, down=("chat", "llm-gateway")) as gateway:
        answer = await gateway.call("GET", path)
        body = answer.json()
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert (body["error"] if shape == "openai" else body)["code"] == "upstream_unavailable"
        ready = await gateway.served.public.get("/health/readiness")
        assert ready.status_code == 200


async def test_a_model_may_think_longer_than_a_hops_first_byte_may_take(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, hop_settings=HopSettings(first_byte_s=0.1)) as gateway:
        upstream = gateway.upstreams["llm-gateway"]
        upstream.mode = "late"
        headers = await gateway.headers()
        assert (await gateway.call("GET", "/v1/models", headers=headers)).status_code == 503
        asking = asyncio.create_task(gateway.call("POST", COMPLETIONS, json={}, headers=headers))
        await asyncio.sleep(0.4)
        upstream.release.release()
        upstream.release.release()
        assert (await asking).status_code == 200


async def test_the_deadline_of_a_stream_is_longer_and_a_named_one_is_kept(gateway: Gateway) -> None:
    headers = await gateway.headers()
    await gateway.call("POST", COMPLETIONS, json={}, headers=headers)
    await gateway.call("POST", COMPLETIONS, json={}, headers=headers | {"x-request-deadline-ms": "300000"})
    await gateway.call("GET", "/v1/models", headers=headers)
    got = [int(seen.headers[b"x-request-deadline-ms"]) for seen in gateway.upstreams["llm-gateway"].seen]
    assert 590_000 < got[0] <= 600_000
    assert 290_000 < got[1] <= 300_000
    assert 55_000 < got[2] <= 60_000


async def line_of(gateway: Gateway, route: str) -> dict[str, object]:
    """Wait for the access line of `route`."""
    for _ in range(3000):
        for line in map(json.loads, list(gateway.lines)):
            if line["event"] == "http.request.completed" and line["route"] == route:
                return line
        await asyncio.sleep(0.01)
    raise AssertionError(f"no access line for {route}")

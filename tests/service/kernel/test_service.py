"""What every service has from the kernel: identity, errors, body limits, the operations listener, drain."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.fakes.kernel.runtime import identity_headers, make_runtime
from tests.fakes.services.server import Served, served
from wattos_platform.contracts.errors import AnthropicErrorBody, OpenAIErrorBody
from wattos_platform.kernel import context
from wattos_platform.kernel.error_shapes import MODEL_API
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.requests import parse
from wattos_platform.kernel.service import ServiceSpec, build_service

IDENTITY = identity_headers("rag")
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    count: int = 1


async def echo(request: Request) -> Response:
    note = await parse(request, Note)
    now = context.current()
    return JSONResponse(
        {"text": note.text, "tenant": context.identity().tenant, "request_id": now.request_id}
    )


async def boom(_request: Request) -> Response:
    raise RuntimeError("secret internal text sk-abcdefghijklmnop1234")


async def teapot(request: Request) -> Response:
    raise ServiceError(
        418, "is_teapot", f"{request.path_params['name']} is a teapot.", headers={"Retry-After": "7"}
    )


async def swallow(request: Request) -> Response:
    return JSONResponse({"size": len(await request.body())})


class Kitchen:
    """Routes whose end the test decides."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.entered = asyncio.Event()

    async def slow(self, _request: Request) -> Response:
        self.entered.set()
        await self.release.wait()
        return JSONResponse({"done": True})

    async def stream(self, _request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first "
            self.entered.set()
            await self.release.wait()
            yield b"last"

        return StreamingResponse(parts())


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
async def rag(tmp_path: Path, kitchen: Kitchen, lines: list[bytes]) -> AsyncIterator[Served]:
    runtime = make_runtime("rag", tmp_path, lines=lines, hops={"llm-gateway": object()})
    spec = ServiceSpec(
        routes=[
            Route("/echo", echo, methods=["POST"]),
            Route("/boom", boom),
            Route("/v1/boom", boom),
            Route("/v1/messages", echo, methods=["POST"]),
            Route("/pots/{name}", teapot),
            Route("/swallow", swallow, methods=["POST"]),
            Route("/slow", kitchen.slow),
            Route("/stream", kitchen.stream),
        ],
        error_shapes=MODEL_API,
    )
    async with served(build_service(runtime, spec), tmp_path) as running:
        yield running


def records(lines: list[bytes], event: str) -> list[dict[str, object]]:
    return [record for record in map(json.loads, lines) if record["event"] == event]


async def test_identity_request_id_and_trace_reach_the_endpoint_and_the_log(
    rag: Served, lines: list[bytes]
) -> None:
    headers = IDENTITY | {"x-request-id": "req-12345678", "traceparent": TRACE}
    answer = await rag.public.post("/echo", json={"text": "hi"}, headers=headers)
    assert answer.json() == {"text": "hi", "tenant": "tenant-a", "request_id": "req-12345678"}
    assert answer.headers["x-request-id"] == "req-12345678"
    assert answer.headers["traceparent"].startswith("00-" + "a" * 32)
    (line,) = records(lines, "http.request.completed")
    assert (line["request_id"], line["trace_id"], line["tenant_id"]) == ("req-12345678", "a" * 32, "tenant-a")
    assert (line["route"], line["status"]) == ("/echo", 200)


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        pytest.param(b'{"text": "a", "extra": 1}', 422, "invalid_request", "extra", id="unknown-field"),
        pytest.param(b'{"text": 5}', 422, "invalid_request", "text", id="wrong-type"),
        pytest.param(b"{}", 422, "invalid_request", "text", id="missing-field"),
        pytest.param(b'{"text": ', 400, "invalid_json", None, id="bad-json"),
        pytest.param(b'{"text": "\xff\xfe"}', 400, "invalid_json", None, id="bad-utf8"),
        pytest.param(b'"' + b"a" * 3_000_000 + b'"', 413, "body_too_large", None, id="3-megabytes"),
    ],
)
async def test_bad_bodies_get_the_one_error_shape(rag: Served, body, status, code, field) -> None:
    answer = await rag.public.post("/echo", content=body, headers=IDENTITY)
    got = answer.json()
    assert (answer.status_code, got["statusCode"], got["code"]) == (status, status, code)
    assert {"message", "timestamp", "path", "method", "requestId", "traceId"} <= got.keys()
    assert [detail["field"] for detail in got.get("details", [])] == ([field] if field else [])


async def test_a_body_without_a_length_is_capped_while_it_is_read(rag: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * 10_000

    answer = await rag.public.post("/swallow", content=endless(), headers=IDENTITY)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_bug_tells_the_caller_nothing_and_the_log_everything(rag: Served, lines: list[bytes]) -> None:
    answer = await rag.public.get("/boom", headers=IDENTITY)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = records(lines, "http.request.failed")
    assert "RuntimeError" in record["error.stack"]
    assert "sk-abcdefghijklmnop1234" not in json.dumps(record)


async def test_errors_under_v1_have_openai_shape(rag: Served) -> None:
    failed = await rag.public.get("/v1/boom", headers=IDENTITY)
    assert OpenAIErrorBody.model_validate(failed.json()).error.type == "server_error"
    unknown = await rag.public.get("/v1/nothing", headers=IDENTITY)
    assert OpenAIErrorBody.model_validate(unknown.json()).error.code == "route_not_found"


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        pytest.param("", b"{", (400, "invalid_request_error", "invalid_json"), id="400"),
        pytest.param("", b"{}", (401, "authentication_error", "identity_missing"), id="401"),
        pytest.param("/nothing", b"{}", (404, "not_found_error", "route_not_found"), id="404"),
        pytest.param("", b"x" * 3_000_000, (413, "request_too_large", "body_too_large"), id="413"),
    ],
)
async def test_errors_under_v1_messages_have_anthropics_shape(rag: Served, path, content, told) -> None:
    headers = {**(IDENTITY if told[0] != 401 else {}), "x-request-id": "req-12345678"}
    answer = await rag.public.post(f"/v1/messages{path}", content=content, headers=headers)
    body = AnthropicErrorBody.model_validate(answer.json())
    assert (answer.status_code, body.error.type, body.error.details.error_code) == told
    assert body.request_id == answer.headers["request-id"] == answer.headers["x-request-id"] == "req-12345678"


async def test_only_a_whole_segment_is_a_prefix(rag: Served) -> None:
    answer = await rag.public.get("/v1/messages-of-another-kind", headers=IDENTITY)
    assert "param" in answer.json()["error"]
    assert "request-id" not in answer.headers


async def test_service_errors_keep_status_code_and_headers(rag: Served) -> None:
    answer = await rag.public.get("/pots/brown%20betty", headers=IDENTITY)
    assert (answer.status_code, answer.headers["retry-after"]) == (418, "7")
    assert answer.json()["message"] == "brown betty is a teapot."


async def test_unknown_paths_and_methods(rag: Served) -> None:
    missing = await rag.public.get("/nothing", headers=IDENTITY)
    wrong = await rag.public.delete("/echo", headers=IDENTITY)
    assert (missing.status_code, missing.json()["code"]) == (404, "route_not_found")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"x-wattos-identity": "eyJ.eyJ.x"}, id="forged"),
        pytest.param(identity_headers("chat"), id="for-another-service"),
    ],
)
async def test_no_service_answers_without_an_identity_meant_for_it(rag: Served, headers) -> None:
    assert (await rag.public.post("/echo", json={"text": "a"}, headers=headers)).status_code == 401


async def test_probes_need_no_identity_and_full_health_has_the_published_shape(rag: Served) -> None:
    assert (await rag.public.get("/health/liveness")).json() == {"status": "alive"}
    assert (await rag.public.get("/health/readiness")).status_code == 200
    full = (await rag.public.get("/health", headers={"accept": "application/health+json"})).json()
    assert (full["schema"], full["service"], full["status"]) == ("wattos.health/v1", "rag", "healthy")
    assert full["checks"]["llm-gateway"]["status"] == "up"


async def test_admin_answers_only_on_the_operations_listener_to_the_operator(rag: Served) -> None:
    assert (await rag.public.get("/admin/config", headers=IDENTITY)).status_code == 404
    assert (await rag.ops.get("/admin/config", headers={"authorization": "Bearer wrong"})).status_code == 401
    assert (await rag.ops.get("/admin/config")).json()["rate_limit"] == "100r/m"


async def test_the_log_level_changes_at_run_time(rag: Served, lines: list[bytes]) -> None:
    assert (await rag.ops.put("/admin/log-level", json={"level": "error"})).json() == {"level": "error"}
    lines.clear()
    await rag.public.get("/nothing", headers=IDENTITY)
    assert lines == []
    assert (await rag.ops.put("/admin/log-level", json={"level": "loud"})).status_code == 422


async def test_each_request_is_counted_once_under_its_template(rag: Served) -> None:  # defect-26 defect-27
    for name in ("a", "b?q=1"):
        await rag.public.get(f"/pots/{name}", headers=IDENTITY)
    await rag.public.get("/random/123", headers=IDENTITY)
    text = (await rag.public.get("/metrics")).text
    samples = {
        (s.labels["route"], s.labels["status"]): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if s.name == "http_requests_total"
    }
    assert samples == {("/pots/{name}", "418"): 2.0, ("(none)", "404"): 1.0}


async def test_each_scrape_tells_what_the_process_takes(rag: Served) -> None:
    read = []
    for _ in range(2):
        text = (await rag.public.get("/metrics")).text
        families = text_string_to_metric_families(text)
        read.append({s.name: s.value for family in families for s in family.samples if not s.labels})
    cpu_s = [each["process_cpu_seconds_total"] for each in read]
    assert 0 < cpu_s[0] < cpu_s[1]
    assert read[0]["process_resident_memory_bytes"] > 1_000_000


async def test_the_figures_for_people_are_those_of_the_metrics(rag: Served) -> None:  # defect-28
    await rag.public.post("/echo", json={"text": "a"}, headers=IDENTITY)
    await rag.public.get("/boom", headers=IDENTITY)
    figures = (await rag.public.get("/health/kpi")).json()["http_requests"]
    assert (figures["success"], figures["error"]) == (1, 1)
    assert figures["mean_duration_s"] > 0


async def test_drain_finishes_running_requests_and_streams_and_says_so(rag: Served, kitchen: Kitchen) -> None:
    # defect-46: a drain
    slow = asyncio.create_task(rag.public.get("/slow", headers=IDENTITY))
    await kitchen.entered.wait()
    rag.server.stop()
    readiness = await rag.ops.get("/health/readiness")
    assert (readiness.status_code, readiness.json()["message"]) == (503, "Draining before shutdown")
    assert not rag.task.done()
    kitchen.release.set()
    assert (await slow).json() == {"done": True}
    await asyncio.wait_for(rag.task, 60)


async def test_a_stream_ends_whole_during_drain(rag: Served, kitchen: Kitchen) -> None:
    async with rag.public.stream("GET", "/stream", headers=IDENTITY) as answer:
        await kitchen.entered.wait()
        rag.server.stop()
        kitchen.release.set()
        assert [part async for part in answer.aiter_bytes()][-1].endswith(b"last")


async def test_a_request_that_outlasts_the_drain_time_is_told_so(
    tmp_path: Path, kitchen: Kitchen, lines: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    runtime = make_runtime("rag", tmp_path, lines=lines, hops={"llm-gateway": object()})
    spec = ServiceSpec(routes=[Route("/slow", kitchen.slow), Route("/stream", kitchen.stream)])
    async with served(build_service(runtime, spec), tmp_path, drain_s=0.05) as rag:
        slow = asyncio.create_task(rag.public.get("/slow", headers=IDENTITY))
        await kitchen.entered.wait()
        rag.server.stop()
        answer = await slow
        await asyncio.wait_for(rag.task, 15)
    assert (answer.status_code, answer.json()["code"]) == (503, "service_stopping")
    assert answer.headers["retry-after"] == "1"
    (line,) = records(lines, "http.request.completed")
    assert (line["status"], line["error.type"]) == (503, "platform_unavailable")
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_stream_that_outlasts_the_drain_time_never_ends_as_if_it_were_whole(
    tmp_path: Path, kitchen: Kitchen
) -> None:
    runtime = make_runtime("rag", tmp_path, hops={"llm-gateway": object()})
    spec = ServiceSpec(routes=[Route("/stream", kitchen.stream)])
    async with (
        served(build_service(runtime, spec), tmp_path, drain_s=0.05) as rag,
        rag.public.stream("GET", "/stream", headers=IDENTITY) as answer,
    ):
        await kitchen.entered.wait()
        rag.server.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()


async def test_readiness_is_503_when_a_critical_dependency_is_down(tmp_path: Path) -> None:  # defect-29
    runtime = make_runtime("chat", tmp_path, hops={})
    async with served(build_service(runtime, ServiceSpec(routes=[])), tmp_path) as chat:
        assert (await chat.public.get("/health/liveness")).status_code == 200
        assert (await chat.public.get("/health/readiness")).status_code == 503
        assert (await chat.public.get("/health")).status_code == 503


async def test_readiness_stays_200_when_only_an_optional_dependency_is_down(tmp_path: Path) -> None:
    runtime = make_runtime("chat", tmp_path, hops={"llm-gateway": object()})
    async with served(build_service(runtime, ServiceSpec(routes=[])), tmp_path) as chat:
        full = await chat.public.get("/health")
        assert (full.status_code, full.json()["status"]) == (200, "degraded")
        assert (await chat.public.get("/health/readiness")).status_code == 200

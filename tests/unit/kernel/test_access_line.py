"""One answer, one line: valid JSON whoever calls, the same fields whatever happened."""

import json
from math import inf
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kernel.runtime import make_runtime
from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.access_line import AnswerKinds
from wattos_platform.kernel.context import RequestContext
from wattos_platform.kernel.error_shapes import OWN
from wattos_platform.kernel.exchange import Exchange

COMMON = {
    "time": "2026-01-01T00:00:00.250000Z",
    "service": "chat",
    "event": "http.request.completed",
    "request_id": "req-12345678",
    "trace_id": "a" * 32,
    "span_id": "b" * 16,
    "method": "GET",
    "route": "/pots/{name}",
    "duration_ms": 12.346,
    "response_size_bytes": 7,
}
ODD = Identity('a "quoted"\ntenant', "Zoë \x00")


def exchange(identity: Identity | None, status: int, *, gone: bool = False) -> Exchange:
    async def nothing(*_: Any) -> Any:
        raise AssertionError

    context = RequestContext("req-12345678", "a" * 32, "b" * 16, inf, identity=identity)
    made = Exchange({}, nothing, nothing, context=context, limit_bytes=1, shape=OWN)
    made.status, made.gone, made.complete, made.size_bytes = status, gone, not gone, 7
    return made


@pytest.mark.parametrize(
    ("identity", "status", "gone", "told"),
    [
        pytest.param(None, 200, False, {"level": "info", "message": "GET /pots/{name} 200"}, id="well"),
        pytest.param(
            ODD,
            200,
            False,
            {
                "level": "info",
                "message": "GET /pots/{name} 200",
                "tenant_id": ODD.tenant,
                "user_id": ODD.user,
            },
            id="odd-names",
        ),
        pytest.param(
            None,
            500,
            False,
            {"level": "error", "message": "GET /pots/{name} 500", "error.type": "platform_internal"},
            id="failed",
        ),
        pytest.param(
            None,
            0,
            True,
            {"level": "info", "message": "GET /pots/{name} 499", "error.type": "caller_gone"},
            id="gone",
        ),
    ],
)
def test_a_line_is_json_with_the_fixed_fields(
    tmp_path: Path, identity: Identity | None, status: int, gone: bool, told: dict[str, str]
) -> None:
    ended = exchange(identity, status, gone=gone)
    kinds = AnswerKinds(make_runtime("chat", tmp_path))
    line = kinds.of(ended, "GET", "/pots/{name}").line(ended, 0.0123456, 1767225600.25)
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")
    assert json.loads(line) == COMMON | {"status": status or 499} | told


def test_methods_that_http_does_not_know_are_one_series_and_still_told_in_the_line(tmp_path: Path) -> None:
    runtime = make_runtime("chat", tmp_path)
    kinds = AnswerKinds(runtime)
    for method in ("PROPFIND", "MKCOL", "GET"):
        kind = kinds.of(exchange(None, 405), method, "/pots/{name}")
        kind.requests.count += 1
        assert json.loads(kind.line(exchange(None, 405), 0.01, 0.0))["method"] == method
    counted = {labels["method"]: each for labels, each in runtime.metrics.each("http_requests_total")}
    assert {method: each.tally.count for method, each in counted.items()} == {"other": 2, "GET": 1}

"""A platform of one chat and two model gateways, as the operations listeners tell of its breakers."""

from pathlib import Path
from typing import Any

from tests.fakes.cli.deps import make_deps, write_running
from tests.fakes.cli.http import FakeHttp
from wattos_cli.deps import Deps

CHAT, LLM, LLM1 = "unix:/run/chat.sock", "unix:/run/llm-gateway.sock", "unix:/run/llm-gateway-1.sock"
CLOSED = {
    "name": "hop:rag",
    "state": "closed",
    "cause": None,
    "in_state_s": 5.0,
    "retry_after_s": 0.0,
    "calls": 20,
    "failure_rate": 0.05,
    "slow_call_rate": 0.0,
    "consecutive_failures": 0,
    "not_permitted": 0,
    "reason": None,
    "actor": None,
    "ttl_s": None,
    "expires_at": None,
}
TRIPPED = {
    **CLOSED,
    "name": "llm:openai",
    "state": "forced_open",
    "cause": "manual",
    "calls": 0,
    "failure_rate": 0.0,
    "retry_after_s": 29.4,
    "not_permitted": 7,
    "reason": "drill",
    "actor": "ann@box",
    "ttl_s": 30.0,
    "expires_at": "2026-11-23T18:00:30.000000Z",
}
OPENED = {
    **CLOSED,
    "name": "llm:azure",
    "state": "open",
    "cause": "failure_rate",
    "calls": 12,
    "failure_rate": 0.75,
    "retry_after_s": 42.0,
}
SETTINGS = {
    "failure_threshold": 5,
    "failure_rate": 0.5,
    "minimum_calls": 10,
    "slow_call_s": None,
    "slow_call_rate": 1.0,
    "window_s": 60.0,
    "window_calls": 0,
    "half_open_permits": 1,
    "half_open_max_s": 60.0,
    "reset_timeout_s": 60.0,
    "wait_growth": 2.0,
    "wait_cap_s": 600.0,
    "retry_after_cap_s": 3600.0,
    "jitter": 0.1,
}
CHANGE = {
    "number": 1,
    "time": "2026-11-23T18:00:00.000000Z",
    "name": "llm:openai",
    "from": "closed",
    "to": "forced_open",
    "cause": "manual",
    "retry_after_s": 30.0,
    "reason": "drill",
    "actor": "ann@box",
    "ttl_s": 30.0,
    "expires_at": "2026-11-23T18:00:30.000000Z",
}


def unknown(name: str, *known: str) -> dict[str, Any]:
    return {
        "code": "breaker_not_found",
        "message": f"There is no circuit breaker {name!r} here.",
        "details": [{"field": "name", "near": [], "known": list(known)}],
    }


def breaker_platform(root: Path) -> FakeHttp:
    """Write the run state at `root` and return what answers for it."""
    write_running(
        root,
        {"name": "chat"},
        {"name": "llm-gateway"},
        {"name": "llm-gateway", "replica": 1, "ops_socket": "/run/llm-gateway-1.sock"},
        {"name": "mine", "kind": "own", "ops_socket": ""},
    )
    http = FakeHttp()
    http.answer(CHAT, "/admin/breakers", {"breakers": [CLOSED]})
    http.answer(LLM, "/admin/breakers", {"breakers": [TRIPPED]})
    http.answer(LLM1, "/admin/breakers", {"breakers": [CLOSED | {"name": "llm:openai"}, OPENED]})
    return http


def deps_for(root: Path, http: FakeHttp, **options: Any) -> Deps:
    return make_deps(cwd=root, http=http, **options)

"""What each kind of assertion finds, on a platform whose state a test sets."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.fakes.drills.harness import FakeMetrics
from tests.fakes.metrics.series import SeriesInMemory
from wattos_cli.deps import Finding
from wattos_cli.drills.checks.check import CheckContext, Judged
from wattos_cli.drills.checks.kinds import KINDS
from wattos_cli.drills.observing.record import Record
from wattos_cli.drills.observing.view import Scraped, View
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.requests import Requests

BREAKERS = [
    {"service": "llm-gateway", "replica": 0, "name": "llm:openai", "state": "open"},
    {"service": "llm-gateway", "replica": 1, "name": "llm:openai", "state": "half_open"},
    {"service": "chat", "replica": 0, "name": "hop:rag", "state": "closed"},
    {"service": "agent", "replica": 0, "name": "hop:rag", "state": "forced_open"},
]


class Still:
    """A platform that stands still."""

    def breakers(self) -> Sequence[Mapping[str, Any]]:
        return BREAKERS

    def changes(self) -> Sequence[Mapping[str, Any]]:
        return []

    def findings(self) -> Sequence[Finding]:
        return [Finding("chat", 0, "healthy", 1.0), Finding("chat", 1, "degraded", 1.0)]

    def scraped(self) -> Scraped:
        return Scraped(FakeMetrics({"http_requests_total": 3.0, "up": 1.0}), SeriesInMemory(), 100.0)

    def counts(self) -> Mapping[str, Any]:
        return {
            "total": 30,
            "completed": 20,
            "in_flight": 2,
            "providers": {"openai": {"total": 12, "in_flight": 1}},
        }


def interval(at_s: float, count: int, failures: int, latency_ms: float) -> Interval:
    requests = Requests("GET /x", count=count, failures=failures)
    for _ in range(count - failures):
        requests.time("latency").add(latency_ms)
    return Interval(at_s, 1.0, requests={requests.name: requests})


def recorded() -> Record:
    """Return a drill of 2 s steady, 3 s fault and 2 s recovery, in which the fault makes half of all fail."""
    record = Record()
    record.begin("steady", 1.0, {"total": 0})
    record.begin("fault", 3.0, {"total": 10, "completed": 10, "providers": {"openai": {"total": 5}}})
    record.begin("recovery", 6.0, {"total": 25, "completed": 12, "providers": {}})
    record.figures.open_s = 1.5
    for at_s in range(8):
        during = 3 <= at_s < 6
        record.take([interval(at_s, 10, 5 if during else 0, 400 if during else 40)], at_s + 1.0)
    return record


def judged(**keys: Any) -> Judged:
    (kind,) = [key for key in keys if key in KINDS]
    check = KINDS[kind].model_validate({"when": "fault", **keys})
    return check.judge(CheckContext(View(Still()), recorded()))


@pytest.mark.parametrize(
    ("keys", "ok", "detail"),
    [
        ({"breaker": "llm:openai", "state": "open"}, False, "llm-gateway-0 open, llm-gateway-1 half_open"),
        (
            {"breaker": "llm:openai", "state": ["open", "half_open"]},
            True,
            "llm-gateway-0 open, llm-gateway-1 half_open",
        ),
        ({"breaker": "hop:rag", "state": "closed"}, False, "chat-0 closed, agent-0 forced_open"),
        ({"breaker": "hop:rag", "state": "closed", "service": "chat"}, True, "chat-0 closed"),
        ({"breaker": "hop:nobody", "state": "closed"}, False, "no service has this breaker yet"),
        ({"health": "degraded"}, True, "chat-1 degraded"),
        ({"health": ["healthy", "degraded"], "service": "chat"}, True, "chat-1 degraded"),
        ({"health": "healthy"}, False, "chat-1 degraded"),
        ({"health": "healthy", "service": "rag"}, False, "unhealthy"),
        ({"simulator": "total <= 20"}, True, "total 20"),
        ({"simulator": "total == 7", "provider": "openai"}, True, "total 7"),
        ({"simulator": "total == 12", "provider": "openai", "when": "recovery"}, True, "total 12"),
        ({"simulator": "completed > 10"}, False, "completed 10"),
        ({"simulator": "in_flight == 1", "provider": "openai"}, True, "in_flight 1"),
        ({"simulator": "total == 0", "provider": "google"}, True, "total 0"),
        ({"threshold": "errors:rate<1%", "when": "steady"}, True, "measured 0"),
        ({"threshold": "errors:rate<1%"}, False, "measured 50 %"),
        ({"threshold": "errors:count==15"}, True, "measured 15"),
        ({"threshold": "errors:count==5", "after": "2s"}, True, "measured 5"),
        ({"threshold": "errors:count==15", "when": "whole"}, True, "measured 15"),
        ({"threshold": "errors:rate<1%", "when": "recovery"}, True, "measured 0"),
        ({"threshold": "p95<100ms", "when": "recovery"}, True, "measured 40"),
        ({"threshold": "rps:rate==10"}, True, "measured 10"),
        ({"threshold": "errors{name=GET /y}:rate<1%"}, False, "no requests"),
        ({"promql": "http_requests_total < 4"}, True, "is 3"),
        ({"promql": "http_requests_total < 2"}, False, "does not hold for 1 of 1 series 3"),
        ({"promql": "retry_attempts_total < 2"}, False, "no data"),
        (
            {"promql": "retry_atempts_total < 2"},
            False,
            "no data: no such series: retry_atempts_total; did you",
        ),
        ({"figure": "open_s < 2"}, True, "open_s 1.5"),
        ({"figure": "open_s < 1"}, False, "open_s 1.5"),
        ({"figure": "detect_s < 1"}, False, "it did not happen"),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_what_an_assertion_finds(keys: dict[str, Any], ok: bool, detail: str) -> None:
    found = judged(**keys)
    assert found.ok == ok, found
    assert found.detail.startswith(detail)

"""/admin/breakers: seen, tripped, reset and followed on the operations listener."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kernel.runtime import identity_headers, make_runtime
from tests.fakes.services.server import Served, served
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.service import ServiceSpec, build_service

WISH = {"reason": "drill", "actor": "ann@box"}
TRIP = "/admin/breakers/hop:llm-gateway/trip"


class Clocks:
    """Both clocks of a process, moved together."""

    def __init__(self) -> None:
        self.monotonic = 100.0

    def wall(self) -> float:
        return 1_800_000_000.0 + self.monotonic - 100.0


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
async def rag(tmp_path: Path, clocks: Clocks, lines: list[bytes]) -> AsyncIterator[Served]:
    runtime = make_runtime("rag", tmp_path, lines=lines, hops={"llm-gateway": object()})
    runtime.clock = clocks.wall
    runtime.breakers = BreakerRegistry(
        BreakerSettings(jitter=0),
        clock=lambda: clocks.monotonic,
        wall_clock=clocks.wall,
        meter=runtime.metrics,
        log=runtime.log,
    )
    runtime.breakers.admit("tool", lambda host: host.endswith(".example"))
    async with served(build_service(runtime, ServiceSpec(routes=[])), tmp_path) as running:
        yield running


async def listed(rag: Served) -> dict[str, Any]:
    answer = await rag.ops.get("/admin/breakers")
    return {row["name"]: row for row in answer.json()["breakers"]}


async def test_what_a_service_will_call_is_listed_before_the_first_call(rag: Served) -> None:
    assert await listed(rag) == {
        "hop:llm-gateway": {
            "name": "hop:llm-gateway",
            "state": "closed",
            "cause": None,
            "in_state_s": 0.0,
            "retry_after_s": 0.0,
            "calls": 0,
            "failure_rate": 0.0,
            "slow_call_rate": 0.0,
            "consecutive_failures": 0,
            "not_permitted": 0,
            "reason": None,
            "actor": None,
            "ttl_s": None,
            "expires_at": None,
        }
    }


async def test_a_trip_holds_for_its_time_and_is_an_audit_line(
    rag: Served, clocks: Clocks, lines: list[bytes]
) -> None:
    answer = await rag.ops.post(TRIP, json={**WISH, "ttl_s": 30})
    assert answer.status_code == 200
    assert (answer.json()["shared"], answer.json()["problem"]) == (False, None)
    row = (await listed(rag))["hop:llm-gateway"]
    assert (row["state"], row["reason"], row["actor"]) == ("forced_open", "drill", "ann@box")
    assert (row["expires_at"], row["retry_after_s"]) == ("2027-01-15T08:00:30.000000Z", 30.0)
    (line,) = [record for record in map(json.loads, lines) if record["event"] == "breaker.tripped"]
    assert (line["breaker"], line["reason"], line["actor"]) == ("hop:llm-gateway", "drill", "ann@box")
    assert (line["ttl_s"], line["expires_at"]) == (30.0, "2027-01-15T08:00:30.000000Z")
    assert line["request_id"]

    clocks.monotonic += 30
    row = (await listed(rag))["hop:llm-gateway"]
    assert (row["state"], row["cause"], row["reason"]) == ("half_open", "ttl_elapsed", None)


@pytest.mark.parametrize(
    ("action", "state"),
    [("trip", "forced_open"), ("disable", "disabled"), ("observe", "metrics_only"), ("reset", "closed")],
)
async def test_every_order_sets_its_state(rag: Served, action: str, state: str) -> None:
    answer = await rag.ops.post(f"/admin/breakers/hop:llm-gateway/{action}", json=WISH)
    assert answer.json()["breaker"]["state"] == state
    assert answer.json()["breaker"]["expires_at"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"actor": "a"}, "reason"),
        ({"reason": "  ", "actor": "a"}, "reason"),
        ({"reason": "x" * 201, "actor": "a"}, "reason"),
        ({"reason": "two\nlines", "actor": "a"}, "reason"),
        ({"reason": "r"}, "actor"),
        ({"reason": "r", "actor": "x" * 129}, "actor"),
        ({**WISH, "ttl_s": 0}, "ttl_s"),
        ({**WISH, "ttl_s": 31 * 86400}, "ttl_s"),
        ({**WISH, "for": "10m"}, "for"),
        ({**WISH, "scope": "world"}, "scope"),
        ({**WISH, "id": "a b"}, "id"),
    ],
)
async def test_a_body_that_is_wrong_is_refused_by_field(
    rag: Served, body: dict[str, Any], field: str
) -> None:
    answer = await rag.ops.post(TRIP, json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)
    assert (await listed(rag))["hop:llm-gateway"]["state"] == "closed"


async def test_a_reset_takes_no_time(rag: Served) -> None:
    answer = await rag.ops.post("/admin/breakers/hop:llm-gateway/reset", json={**WISH, "ttl_s": 5})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "ttl_s")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_breaker_is_told_its_neighbours(rag: Served, method: str) -> None:
    path = "/admin/breakers/hop:llm-gatway"
    answer = await (rag.ops.get(path) if method == "GET" else rag.ops.post(f"{path}/trip", json=WISH))
    assert answer.status_code == 404
    assert answer.json()["code"] == "breaker_not_found"
    assert answer.json()["details"][0]["near"] == ["hop:llm-gateway"]


async def test_a_breaker_that_can_exist_is_made_by_a_trip(rag: Served) -> None:
    answer = await rag.ops.post("/admin/breakers/tool:jira.example/trip", json=WISH)
    assert answer.status_code == 200
    assert (await listed(rag))["tool:jira.example"]["state"] == "forced_open"
    answer = await rag.ops.post("/admin/breakers/tool:elsewhere/trip", json=WISH)
    assert answer.status_code == 404


async def test_one_breaker_shows_its_settings_and_its_changes(rag: Served) -> None:
    await rag.ops.post(TRIP, json=WISH)
    shown = (await rag.ops.get("/admin/breakers/hop:llm-gateway")).json()
    assert shown["breaker"]["state"] == "forced_open"
    assert (shown["settings"]["failure_threshold"], shown["settings"]["slow_call_s"]) == (5, None)
    waits = (shown["settings"]["reset_timeout_s"], shown["settings"]["wait_cap_s"])
    assert waits == (5.0, 30.0), "those of what is the platform's own, before the first call already"
    assert [(event["from"], event["to"], event["actor"]) for event in shown["events"]] == [
        ("closed", "forced_open", "ann@box")
    ]


async def test_events_are_read_from_a_number_on(rag: Served) -> None:
    for action in ("trip", "reset", "disable"):
        await rag.ops.post(f"/admin/breakers/hop:llm-gateway/{action}", json=WISH)
    first = (await rag.ops.get("/admin/breakers/events")).json()
    assert [event["to"] for event in first["events"]] == ["forced_open", "closed", "disabled"]
    later = (await rag.ops.get("/admin/breakers/events?after=2")).json()
    assert [event["number"] for event in later["events"]] == [3]
    assert (later["run"], later["last"], later["lost"]) == (first["run"], 3, 0)
    assert (await rag.ops.get("/admin/breakers/events?after=x")).status_code == 422


async def test_the_end_of_a_trip_is_an_event_for_who_follows(rag: Served, clocks: Clocks) -> None:
    await rag.ops.post(TRIP, json={**WISH, "ttl_s": 30})
    clocks.monotonic += 30
    (end,) = (await rag.ops.get("/admin/breakers/events?after=1")).json()["events"]
    assert (end["from"], end["to"], end["cause"]) == ("forced_open", "half_open", "ttl_elapsed")


async def test_a_trip_degrades_health_with_its_reason_until_it_ends(rag: Served, clocks: Clocks) -> None:
    await rag.ops.post(TRIP, json={**WISH, "ttl_s": 30})
    clocks.monotonic += 12
    answer = await rag.ops.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["hop:llm-gateway"] == {
        "status": "down",
        "critical": False,
        "response_time_ms": 0.0,
        "age_s": 0.0,
        "message": "circuit breaker forced open for 12 s, 18 s left: drill",
    }
    assert (await rag.ops.get("/health/readiness")).status_code == 200

    clocks.monotonic += 18
    assert "hop:llm-gateway" not in (await rag.ops.get("/health")).json()["checks"]


async def test_a_trip_without_an_end_degrades_health_until_the_reset(rag: Served) -> None:
    await rag.ops.post(TRIP, json=WISH)
    checks = (await rag.ops.get("/health")).json()["checks"]
    assert checks["hop:llm-gateway"]["message"] == "circuit breaker forced open for 0 s, until reset: drill"
    assert "ann@box" not in (await rag.public.get("/health")).text
    await rag.ops.post("/admin/breakers/hop:llm-gateway/reset", json=WISH)
    assert "hop:llm-gateway" not in (await rag.ops.get("/health")).json()["checks"]


async def test_nobody_but_the_operator_sees_or_steers(rag: Served) -> None:
    for path in ("/admin/breakers", "/admin/breakers/events", "/admin/breakers/hop:llm-gateway"):
        assert (await rag.public.get(path, headers=identity_headers("rag"))).status_code == 404
        assert (await rag.ops.get(path, headers={"authorization": "Bearer wrong"})).status_code == 401
    assert (await rag.ops.post(TRIP, json=WISH, headers={"authorization": ""})).status_code == 401

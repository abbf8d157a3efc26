"""Runs over HTTP: from a task to an answer, step by step, seen by nobody else."""

import asyncio
import json
from typing import Any

import pytest

from tests.fakes.services.agent_house import PASSAGE, House
from wattos_platform.services.agent.adapters.runs import SqlRuns
from wattos_platform.services.agent.domain.records import Owner
from wattos_platform.services.agent.step_events import step_events


async def test_the_five_roles_say_what_they_can_and_cannot(house: House) -> None:
    roles = (await house.client.get("/api/v1/agents")).json()["items"]
    assert [role["role"] for role in roles] == [
        "it-support",
        "sales-backoffice",
        "meeting",
        "marketing",
        "legal",
    ]
    first = roles[0]
    assert {tool["name"]: tool["available"] for tool in first["tools"]} == {
        "retrieval": True,
        "http_request": False,
        "jira_create_ticket": False,
        "jira_search_tickets": False,
        "slack_send_message": False,
    }
    assert (first["max_cost_usd"], len(first["guardrails"])) == (0.5, 3)
    assert "password_reset" in first["approvals"]


async def test_a_run_plans_searches_answers_and_keeps_every_step(house: House) -> None:
    run = await house.ended(await house.start(knowledge_space_id="space-1"))
    assert (run["status"], run["output"], run["model"], run["error"]) == (
        "completed",
        "Restart it.",
        "m-1",
        None,
    )
    assert [(s["number"], s["kind"], s["name"], s["status"]) for s in run["steps"]] == [
        (1, "plan", "plan", "completed"),
        (2, "tool", "retrieval", "completed"),
        (3, "model", "answer", "completed"),
    ]
    assert [citation["document"] for citation in run["citations"]] == ["it.md"]
    assert run["usage"] == {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert run["unavailable_tools"] == [
        "http_request",
        "jira_create_ticket",
        "jira_search_tickets",
        "slack_send_message",
    ]
    assert house.rag.requests[0].json == {"knowledge_space_id": "space-1", "query": "Printer?", "top_k": 5}
    body = house.model.requests[0].json
    assert (body["model"], body["wattos_context"]) == ("default", [PASSAGE])
    metric, ours = house.agent.metric, {"role": "it-support"}
    assert metric("agent_runs_total", **ours, status="completed") == 1
    steps = {
        kind: metric("agent_steps_total", **ours, kind=kind, outcome="success")
        for kind in ("plan", "tool", "model")
    }
    assert steps == {"plan": 1, "tool": 1, "model": 1}
    assert metric("agent_tool_duration_seconds_count", tool="retrieval", outcome="success") == 1
    assert metric("agent_runs_in_progress") == 0


async def test_work_in_the_background_is_signed_with_the_one_who_started_it(house: House) -> None:
    await house.client.post(
        "/api/v1/agents/legal/runs",
        json={"input": "Printer?", "knowledge_space_id": "s"},
        headers={"x-request-id": "request-42"},
    )
    runs = (await house.client.get("/api/v1/runs")).json()["items"]
    await house.ended(runs[0]["id"])
    for hop in (house.rag, house.model):
        call = hop.requests[0]
        assert call.identity is not None
        assert (call.identity.tenant, call.identity.user, call.identity.act, call.request_id) == (
            "tenant-a",
            "user-1",
            "agent",
            "request-42",
        )


@pytest.mark.parametrize("case", [pytest.param("model-down", id="model-down[defect-69]")])
async def test_a_run_that_fails_says_so_and_never_stays_running(house: House, case: str) -> None:
    house.model.down()
    run = await house.ended(await house.start())
    assert (run["status"], run["error"]["code"]) == ("failed", "upstream_unavailable")
    assert run["finished_at"] is not None
    assert run["steps"][-1]["status"] == "failed"
    assert house.agent.metric("agent_steps_total", role="it-support", kind="model", outcome="failure") == 1


async def test_rag_down_is_said_and_the_run_goes_on(house: House) -> None:
    house.rag.down()
    run = await house.ended(await house.start(knowledge_space_id="space-1"))
    assert (run["status"], run["degraded"], run["citations"]) == ("completed", ["rag"], [])
    assert run["steps"][1]["error"]["code"] == "upstream_unavailable"
    assert "wattos_context" not in house.model.requests[0].json


def events(body: str) -> list[tuple[dict[str, str], Any]]:
    found = []
    for block in body.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields, json.loads(fields.pop("data"))))
    return found


async def test_steps_come_as_events_and_resume_behind_the_last_seen(house: House) -> None:
    run_id = await house.start(knowledge_space_id="space-1")
    response = await house.client.get(f"/api/v1/runs/{run_id}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    got = events(response.text)
    ended = [(f["id"], d["name"]) for f, d in got if f["event"] == "step" and d["status"] == "completed"]
    assert ended == [("1", "plan"), ("2", "retrieval"), ("3", "answer")]
    assert got[-1][0]["event"] == "done"
    assert got[-1][1]["status"] == "completed"
    again = await house.client.get(f"/api/v1/runs/{run_id}/events", headers={"Last-Event-ID": "2"})
    assert [f["event"] for f, _ in events(again.text)] == ["step", "done"]
    wrong = await house.client.get(f"/api/v1/runs/{run_id}/events", headers={"Last-Event-ID": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_last_event_id")


async def test_a_silent_run_keeps_its_stream_open(house: House, gate: asyncio.Event) -> None:
    gate.clear()
    run_id = await house.start()
    await house.until(run_id, lambda run: len(run["steps"]) == 2)
    polls: list[float] = []

    async def sleep(seconds: float) -> None:
        polls.append(seconds)
        await asyncio.sleep(0)

    runs = SqlRuns(house.agent.database, house.agent.runtime.clock)
    stream = step_events(runs, Owner("tenant-a", "user-1"), run_id, 2, sleep)
    assert (await anext(stream)).startswith(b":")
    assert sum(polls) < 30
    gate.set()
    assert b"event: done" in [block async for block in stream][-1]


@pytest.mark.parametrize(
    ("tenant", "user"), [("tenant-b", "user-1"), ("tenant-a", "user-2")], ids=["other-tenant", "other-user"]
)
async def test_nobody_else_sees_a_run(house: House, tenant: str, user: str) -> None:
    run_id = await house.start()
    async with house.agent.client(tenant, user) as theirs:
        for response in (
            await theirs.get(f"/api/v1/runs/{run_id}"),
            await theirs.post(f"/api/v1/runs/{run_id}/cancel"),
            await theirs.get(f"/api/v1/runs/{run_id}/events"),
        ):
            assert (response.status_code, response.json()["code"]) == (404, "run_not_found")
        assert (await theirs.get("/api/v1/runs")).json() == {"items": [], "next_cursor": None}
    assert (await house.ended(run_id))["status"] == "completed"


async def test_runs_are_paged_newest_first(house: House) -> None:
    ids = [await house.start() for _ in range(5)]
    first = (await house.client.get("/api/v1/runs", params={"limit": 3})).json()
    rest = (
        await house.client.get("/api/v1/runs", params={"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    assert [run["id"] for run in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


async def test_key_figures_have_no_nan_before_and_are_right_after_the_first_run(house: House) -> None:
    path = "/api/v1/agents/it-support/kpi"
    before = await house.client.get(path)
    assert "NaN" not in before.text  # defect-70
    kpi = before.json()
    assert (kpi["runs"]["total"], kpi["success_rate"], kpi["average_cost_usd"]) == (0, None, None)
    await house.ended(await house.start())
    house.model.down()
    await house.ended(await house.start())
    async with house.agent.client("tenant-a", "user-2") as colleague:
        kpi = (await colleague.get(path)).json()
    assert (kpi["runs"]["completed"], kpi["runs"]["failed"], kpi["success_rate"]) == (1, 1, 0.5)
    assert kpi["average_duration_s"] >= 0
    assert kpi["average_steps"] == 2
    assert kpi["targets"]["first_contact_resolution"] == 0.7
    async with house.agent.client("tenant-b") as foreign:
        assert (await foreign.get(path)).json()["runs"]["total"] == 0
    later = await house.client.get(path, params={"start": "2100-01-01T00:00:00Z"})
    assert later.json()["runs"]["total"] == 0
    wrong = await house.client.get(path, params={"start": "yesterday"})
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (422, "start")


async def test_a_retry_with_a_key_starts_one_run(house: House) -> None:
    path, key = "/api/v1/agents/legal/runs", {"Idempotency-Key": "run-1"}
    first = await house.client.post(path, json={"input": "x"}, headers=key)
    again = await house.client.post(path, json={"input": "x"}, headers=key)
    other = await house.client.post(path, json={"input": "y"}, headers=key)
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_each_step_of_a_run_has_a_time_of_its_own(house: House) -> None:
    await house.ended(await house.start(knowledge_space_id="space-1"))
    search, question = (hop.requests[0] for hop in (house.rag, house.model))
    assert search.deadline < question.deadline

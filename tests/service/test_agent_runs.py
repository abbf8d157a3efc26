"""Runs over HTTP: from a task to an answer, step by step, with limits, and with what is missing said."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.hops import FakeHop, Recorded, Reply
from tests.fakes.running_service import RunningService, running_service
from wattos_platform.services.agent.app import create_app

PASSAGE = {
    "id": "p1",
    "document_id": "d1",
    "document": "it.md",
    "start": 0,
    "end": 5,
    "text": "Text.",
    "score": 0.5,
}
FINAL = {"completed", "failed", "cancelled"}


def said(content: str = "Restart it.", *, calls: list[Any] | None = None, cost: str | None = None) -> Reply:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = calls
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    answer = {
        "model": "m-1",
        "choices": [{"message": message}],
        "usage": usage,
        "wattos_citations": [{"id": "p1"}],
        "wattos_cost_usd": cost,
    }
    return Reply(json=answer)


def wants(name: str, arguments: str, call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


@dataclass
class House:
    agent: RunningService
    client: httpx.AsyncClient
    rag: FakeHop
    model: FakeHop

    async def start(self, role: str = "it-support", **body: Any) -> str:
        response = await self.client.post(f"/api/v1/agents/{role}/runs", json={"input": "Printer?", **body})
        assert response.status_code == 202, response.text
        assert response.headers["location"] == f"/api/v1/runs/{response.json()['id']}"
        return str(response.json()["id"])

    async def run(self, run_id: str) -> dict[str, Any]:
        return (await self.client.get(f"/api/v1/runs/{run_id}")).json()

    async def until(self, run_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(1000):
            run = await self.run(run_id)
            if condition(run):
                return run
            await asyncio.sleep(0.01)
        raise AssertionError(run)

    async def ended(self, run_id: str) -> dict[str, Any]:
        return await self.until(run_id, lambda run: run["status"] in FINAL)


@dataclass
class Model:
    """Answers in order; `gate` holds back every answer until it is set."""

    answers: list[Reply]
    gate: asyncio.Event

    async def __call__(self, _recorded: Recorded) -> Reply:
        await self.gate.wait()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def answers() -> list[Reply]:
    return [said()]


@pytest.fixture
def gate() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@pytest.fixture
async def house(tmp_path: Path, answers: list[Reply], gate: asyncio.Event) -> AsyncIterator[House]:
    rag = FakeHop("rag")
    rag.reply("POST", "/api/v1/search", json={"results": [PASSAGE], "retrieval": "hybrid", "degraded": []})
    model = FakeHop("llm-gateway", handler=Model(answers, gate))
    hops = {"rag": rag, "llm-gateway": model}
    async with running_service("agent", create_app, tmp_path, hops) as agent, agent.client() as client:
        yield House(agent, client, rag, model)


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
    assert house.agent.metric("agent_runs_total", role="it-support", status="completed") == 1


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


@pytest.mark.parametrize(
    "answers", [[Reply(json={"choices": []})], [Reply(json=[])], [Reply(json={"choices": 1})]]
)
async def test_a_malformed_answer_fails_the_run(house: House) -> None:
    run = await house.ended(await house.start())
    assert (run["status"], run["error"]["code"]) == ("failed", "upstream_malformed")


async def test_rag_down_is_said_and_the_run_goes_on(house: House) -> None:
    house.rag.down()
    run = await house.ended(await house.start(knowledge_space_id="space-1"))
    assert (run["status"], run["degraded"], run["citations"]) == ("completed", ["rag"], [])
    assert run["steps"][1]["error"]["code"] == "upstream_unavailable"
    assert "wattos_context" not in house.model.requests[0].json


@pytest.mark.parametrize(
    "answers",
    [[said("", calls=[wants("jira_create_ticket", "{}")]), said("I cannot create tickets.")]],
)
async def test_a_tool_that_is_not_there_is_never_pretended(house: House) -> None:
    run = await house.ended(await house.start())
    assert run["status"] == "completed"
    tool = run["steps"][2 - 1 + 1]
    assert (tool["kind"], tool["name"], tool["status"]) == ("tool", "jira_create_ticket", "failed")
    assert tool["error"]["code"] == "tool_unavailable"
    told = house.model.requests[1].json["messages"][-1]
    assert (told["role"], told["tool_call_id"]) == ("tool", "c1")
    assert "not available" in told["content"]


@pytest.mark.parametrize(
    "answers",
    [[said("", calls=[wants("rm_rf", "{}"), wants("retrieval", "nonsense", "c2")]), said()]],
)
async def test_foreign_tools_and_wrong_arguments_are_refused_and_told(house: House) -> None:
    run = await house.ended(await house.start(knowledge_space_id="space-1"))
    assert run["status"] == "completed"
    codes = [step["error"]["code"] for step in run["steps"] if step["error"]]
    assert codes == ["tool_not_allowed", "tool_arguments_invalid"]


@pytest.mark.parametrize("answers", [[said("", calls=[wants("retrieval", '{"query": "more"}')])]])
async def test_a_run_that_never_ends_is_stopped_by_the_step_limit(house: House, answers: list[Reply]) -> None:
    class Endless(list[Reply]):
        number = 0

        def __getitem__(self, _index: Any) -> Reply:
            self.number += 1
            return said("", calls=[wants("retrieval", '{"query": "more"}', f"c{self.number}")])

    house.model._handler = Model(Endless(answers), _open_gate())
    run = await house.ended(await house.start(knowledge_space_id="space-1"))
    assert (run["status"], run["error"]["code"]) == ("failed", "step_limit_reached")
    assert len(run["steps"]) == 12


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(
            [said("", calls=[wants("retrieval", '{"query": "more"}')], cost="0.6"), said()],
            id="0.60[defect-69]",
        )
    ],
)
async def test_a_run_that_costs_too_much_is_stopped(house: House) -> None:
    run = await house.ended(await house.start())
    assert (run["status"], run["error"]["code"]) == ("failed", "cost_limit_reached")
    assert (run["cost_usd"], len(house.model.requests)) == (0.6, 1)


@pytest.mark.parametrize("answers", [pytest.param([said(cost="0.01")], id="per-run[defect-69]")])
async def test_a_run_is_charged_its_own_calls_and_nobody_else_s(house: House) -> None:
    runs = [await house.ended(await house.start()) for _ in range(3)]
    assert [run["cost_usd"] for run in runs] == [0.01, 0.01, 0.01]


async def test_personal_data_in_a_task_never_leaves_the_service(house: House) -> None:  # defect-69
    task = "Reset the password of jane@example.com"
    run = await house.ended(await house.start(input=task, knowledge_space_id="space-1"))
    assert run["input"] == task
    sent = house.rag.requests[0].body + house.model.requests[0].body
    assert b"jane@example.com" not in sent
    assert b"[email]" in sent


async def test_cancel_before_during_and_after(house: House, gate: asyncio.Event) -> None:
    gate.clear()
    ids = [await house.start() for _ in range(6)]  # four run at once, two wait
    await house.until(ids[0], lambda run: len(run["steps"]) == 2)
    running = await house.client.post(f"/api/v1/runs/{ids[0]}/cancel")
    waiting = await house.client.post(f"/api/v1/runs/{ids[5]}/cancel")
    assert (running.status_code, waiting.status_code) == (202, 200)
    assert waiting.json()["status"] == "cancelled"
    assert (await house.ended(ids[0]))["status"] == "cancelled"
    assert (await house.client.post(f"/api/v1/runs/{ids[0]}/cancel")).status_code == 200
    gate.set()
    assert (await house.ended(ids[1]))["status"] == "completed"
    late = await house.client.post(f"/api/v1/runs/{ids[1]}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "run_already_ended")


def _open_gate() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


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


@pytest.mark.parametrize(
    ("role", "body", "status", "code"),
    [
        ("pirate", {"input": "x"}, 404, "role_not_found"),
        ("legal", {}, 422, "invalid_request"),
        ("legal", {"input": " "}, 422, "invalid_request"),
        ("legal", {"input": "x" * 50_001}, 422, "invalid_request"),
        ("legal", {"input": "x", "userId": "admin"}, 422, "invalid_request"),
        ("legal", {"input": "x", "tools": ["jira_create_ticket"]}, 422, "invalid_request"),
        ("legal", {"input": "x", "tools": ["email_send"]}, 501, "tool_unavailable"),
    ],
)
async def test_what_is_refused(house: House, role: str, body: dict[str, Any], status: int, code: str) -> None:
    response = await house.client.post(f"/api/v1/agents/{role}/runs", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await house.client.get("/api/v1/runs")).json()["items"] == []


async def test_a_retry_with_a_key_starts_one_run(house: House) -> None:
    path, key = "/api/v1/agents/legal/runs", {"Idempotency-Key": "run-1"}
    first = await house.client.post(path, json={"input": "x"}, headers=key)
    again = await house.client.post(path, json={"input": "x"}, headers=key)
    other = await house.client.post(path, json={"input": "y"}, headers=key)
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

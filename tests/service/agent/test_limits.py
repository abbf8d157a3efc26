"""What stops a run: limits, cancelling, tools that are not there, requests that make no sense."""

import asyncio
from typing import Any

import pytest

from tests.fakes.kernel.hops import Reply
from tests.fakes.services.agent_house import House, Model, said, wants
from wattos_platform.services.agent.adapters.runs import SqlRuns

ENDS = ("", "/steps", "/events")


@pytest.mark.parametrize(
    "answers", [[Reply(json={"choices": []})], [Reply(json=[])], [Reply(json={"choices": 1})]]
)
async def test_a_malformed_answer_fails_the_run(house: House) -> None:
    run = await house.ended(await house.start())
    assert (run["status"], run["error"]["code"]) == ("failed", "upstream_malformed")


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
    assert b"[EMAIL]" in sent


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


async def test_an_ended_run_is_deleted_by_its_owner_alone_and_with_its_steps(house: House) -> None:
    run_id, kept = await house.start(), await house.start()
    assert (await house.ended(run_id))["steps"]
    await house.ended(kept)
    path = f"/api/v1/runs/{run_id}"
    for tenant, user in (("tenant-b", "user-1"), ("tenant-a", "user-2")):
        async with house.agent.client(tenant, user) as stranger:
            refused = await stranger.delete(path)
            assert (refused.status_code, refused.json()["code"]) == (404, "run_not_found")
    gone = await house.client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in [
        await house.client.delete(path),
        *[await house.client.get(f"{path}{end}") for end in ENDS],
    ]:
        assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")
    page = (await house.client.get("/api/v1/runs")).json()
    assert [run["id"] for run in page["items"]] == [kept]
    runs = SqlRuns(house.agent.database, house.agent.runtime.clock)
    assert (await runs.steps(run_id), len(await runs.steps(kept))) == ([], 2)
    kpi = (await house.client.get("/api/v1/agents/it-support/kpi")).json()
    assert kpi["runs"]["total"] == 1


async def test_a_run_that_has_not_ended_is_not_deleted(house: House, gate: asyncio.Event) -> None:
    gate.clear()
    ids = [await house.start() for _ in range(5)]  # four run at once, one waits
    await house.until(ids[0], lambda run: len(run["steps"]) == 2)
    for run_id, status in ((ids[0], "running"), (ids[4], "pending")):
        refused = await house.client.delete(f"/api/v1/runs/{run_id}")
        assert (refused.status_code, refused.json()["code"]) == (409, "run_not_ended")
        assert f"The run is {status}." in refused.json()["message"]
        assert f"cancel it: POST /api/v1/runs/{run_id}/cancel" in refused.json()["message"]
    await house.client.post(f"/api/v1/runs/{ids[0]}/cancel")
    assert (await house.ended(ids[0]))["status"] == "cancelled"
    assert (await house.client.delete(f"/api/v1/runs/{ids[0]}")).status_code == 204
    gate.set()
    assert (await house.ended(ids[4]))["status"] == "completed"


async def test_the_key_of_a_deleted_run_makes_another_one(house: House) -> None:
    key = {"Idempotency-Key": "once"}
    made = [
        (await house.client.post("/api/v1/agents/legal/runs", json={"input": "x"}, headers=key)).json()["id"]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    await house.ended(made[0])
    await house.client.delete(f"/api/v1/runs/{made[0]}")
    again = await house.client.post("/api/v1/agents/legal/runs", json={"input": "x"}, headers=key)
    assert again.status_code == 202
    assert again.json()["id"] != made[0]


def _open_gate() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


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

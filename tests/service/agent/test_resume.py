"""Runs of processes that died or were stopped: taken over by one other process, where they were."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.database import make_database, patient_database
from tests.fakes.kernel.hops import FakeHop
from tests.fakes.services.running_service import running_service
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.process_identity import this_process
from wattos_platform.services.agent.adapters.runs import SqlRuns
from wattos_platform.services.agent.adapters.tables import metadata
from wattos_platform.services.agent.adapters.work import LEASE_S, SqlWork
from wattos_platform.services.agent.app import create_app
from wattos_platform.services.agent.domain.records import (
    Owner,
    Run,
    RunOutcome,
    RunStatus,
    Spent,
    StepKind,
    StepResult,
    StepStatus,
)
from wattos_platform.services.agent.ports import LeaseLostError, TooManyRunsError

OWNER = Owner("tenant-a", "user-1")
RUN = Run("r1", OWNER, "it-support", "Printer?", None, 1000.0, "request-42")
DEAD_HERE = f"{this_process().split(':', 1)[0]}:4194999:1"
ELSEWHERE = "another-host:1:1"
ANSWER = {"model": "m", "choices": [{"message": {"content": "Done."}}], "usage": {}}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "agent.db"
    make_database(path, "agent")
    opened = await patient_database(path)
    yield opened
    await opened.close()


def work(database: Database, worker: str, clock: FakeClock) -> SqlWork:
    return SqlWork(database, worker=worker, clock=clock)


async def test_two_processes_never_get_the_same_run(database: Database) -> None:
    clock = FakeClock()
    runs = SqlRuns(database, clock)
    for number in range(5):
        await runs.create(Run(f"r{number}", OWNER, "legal", "x", None, float(number), "request-1"), None)
    stores = [work(database, f"host-{n}:1:1", clock) for n in range(10)]
    claims = [claim for claim in await asyncio.gather(*(s.claim() for s in stores)) if claim is not None]
    assert sorted(claim.run.id for claim in claims) == ["r0", "r1", "r2", "r3", "r4"]


async def test_a_dead_process_of_this_host_loses_its_run_at_once(database: Database) -> None:
    clock = FakeClock()
    await SqlRuns(database, clock).create(RUN, None)
    assert await work(database, DEAD_HERE, clock).claim() is not None
    claim = await work(database, this_process(), clock).claim()
    assert claim is not None
    assert claim.epoch == 2


async def test_another_host_keeps_its_run_as_long_as_it_renews(database: Database) -> None:
    clock = FakeClock()
    await SqlRuns(database, clock).create(RUN, None)
    there, here = work(database, ELSEWHERE, clock), work(database, this_process(), clock)
    claim = await there.claim()
    assert claim is not None
    clock.now += LEASE_S - 1
    assert await there.renew(claim) is False
    clock.now += LEASE_S - 1
    assert await here.claim() is None
    clock.now += 2
    assert await here.claim() is not None


async def test_who_lost_the_lease_can_write_nothing(database: Database) -> None:
    clock = FakeClock()
    runs = SqlRuns(database, clock)
    await runs.create(RUN, None)
    slow = work(database, ELSEWHERE, clock)
    old = await slow.claim()
    assert old is not None
    clock.now += LEASE_S + 1
    new = await work(database, this_process(), clock).claim()
    assert new is not None
    for attempt in (
        slow.renew(old),
        slow.begin_step(old, 1, StepKind.PLAN, "plan", {}),
        slow.end_step(old, 1, StepResult()),
        slow.end_run(old, RunOutcome(RunStatus.COMPLETED)),
        slow.release(old),
    ):
        with pytest.raises(LeaseLostError):
            await attempt
    assert await runs.steps("r1") == []
    run = await runs.get(OWNER, "r1")
    assert run is not None
    assert run.status is RunStatus.RUNNING


async def test_completed_steps_stay_and_the_half_one_is_done_again(
    tmp_path: Path, database: Database
) -> None:
    clock = FakeClock()
    runs, dead = SqlRuns(database, clock), work(database, DEAD_HERE, clock)
    await runs.create(RUN, None)
    claim = await dead.claim()
    assert claim is not None
    await dead.begin_step(claim, 1, StepKind.PLAN, "plan", {"task": "Printer?"})
    await dead.end_step(claim, 1, StepResult({"calls": []}, spent=Spent(Decimal("0.001"), 7, 0)))
    await dead.begin_step(claim, 2, StepKind.MODEL, "answer", {})
    model = FakeHop("llm-gateway").reply("POST", "/v1/chat/completions", json=ANSWER)
    hops = {"rag": FakeHop("rag"), "llm-gateway": model}
    async with running_service("agent", create_app, tmp_path, hops) as agent, agent.client() as client:
        run = await ended(client, "r1")
    assert (run["status"], run["output"], run["cost_usd"]) == ("completed", "Done.", 0.001)
    assert [(s["kind"], s["attempts"]) for s in run["steps"]] == [("plan", 1), ("model", 2)]
    assert len(model.requests) == 1
    assert model.requests[0].request_id == "request-42"


async def test_a_shutdown_gives_runs_back_and_the_next_start_goes_on(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def hangs(_recorded: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    hops = {"rag": FakeHop("rag"), "llm-gateway": FakeHop("llm-gateway", handler=hangs)}
    async with running_service("agent", create_app, tmp_path, hops) as agent, agent.client() as client:
        made = await client.post("/api/v1/agents/legal/runs", json={"input": "x"})
        await asyncio.wait_for(asked.wait(), 10)
    hops["llm-gateway"] = FakeHop().reply("POST", "/v1/chat/completions", json=ANSWER)
    async with running_service("agent", create_app, tmp_path, hops) as agent, agent.client() as client:
        run = await ended(client, made.json()["id"])
    assert (run["status"], [s["attempts"] for s in run["steps"]]) == ("completed", [1, 2])


async def test_a_wish_to_cancel_reaches_the_process_that_works(database: Database) -> None:
    clock = FakeClock()
    runs, there = SqlRuns(database, clock), work(database, ELSEWHERE, clock)
    await runs.create(RUN, None)
    claim = await there.claim()
    assert claim is not None
    assert await there.renew(claim) is False
    run = await runs.cancel(OWNER, "r1")
    assert run is not None
    assert run.status is RunStatus.RUNNING
    assert await there.renew(claim) is True


async def test_a_tenant_cannot_fill_the_queue_for_the_others(database: Database) -> None:
    clock = FakeClock()
    runs = SqlRuns(database, clock, max_unfinished=1)
    await runs.create(RUN, None)
    with pytest.raises(TooManyRunsError):
        await runs.create(Run("r2", OWNER, "legal", "x", None, 1.0, "request-1"), None)
    await runs.create(Run("r3", Owner("tenant-b", "u"), "legal", "x", None, 1.0, "request-1"), None)
    await runs.cancel(OWNER, "r1")
    await runs.create(Run("r4", OWNER, "legal", "x", None, 1.0, "request-1"), None)


async def test_the_migration_makes_the_tables_that_the_code_knows(database: Database) -> None:
    def columns(connection: object) -> dict[str, set[tuple[str, bool]]]:
        found = inspect(connection)
        return {
            table: {(column["name"], column["nullable"]) for column in found.get_columns(table)}
            for table in metadata.tables
        }

    async with database.read() as connection:
        made = await connection.run_sync(columns)
    known = {
        name: {(column.name, bool(column.nullable)) for column in table.columns}
        for name, table in metadata.tables.items()
    }
    assert made == known
    assert str(StepStatus.RUNNING) == "running"


async def ended(client: Any, run_id: str) -> dict[str, Any]:
    for _ in range(3000):
        run: dict[str, Any] = (await client.get(f"/api/v1/runs/{run_id}")).json()
        if run["status"] in {"completed", "failed", "cancelled"}:
            return run
        await asyncio.sleep(0.01)
    raise AssertionError(run)

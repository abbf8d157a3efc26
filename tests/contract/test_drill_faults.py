"""What every fault must do, against the real simulator, real breakers, real processes and a real database."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract import fault_contract
from tests.fakes.cli.deps import make_deps, write_running
from tests.fakes.kernel.runtime import OPERATOR_TOKEN, make_runtime
from tests.fakes.llm.simulator import simulator
from tests.fakes.project.listed_processes import listed_processes, state
from tests.fakes.services.server import served
from wattos_cli.clients import breakers
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.clients.simulator import Simulator
from wattos_cli.drills.faults.breaker import BreakerForm
from wattos_cli.drills.faults.database import LockForm
from wattos_cli.drills.faults.fault import FaultTarget
from wattos_cli.drills.faults.kinds import KINDS
from wattos_cli.drills.faults.processes import FreezeForm
from wattos_cli.drills.faults.simulator import SimulatorForm
from wattos_cli.project import Project
from wattos_platform.kernel.service import ServiceSpec, build_service

DEAD = {"kind": "status", "status": 503, "provider": "openai"}


def target(root: Path, *rows: dict[str, str]) -> FaultTarget:
    write_running(root, *rows)
    project = Project(root)
    project.secret_file("operator.token").write_text(OPERATOR_TOKEN)
    return FaultTarget(make_deps(cwd=root, http=PlainHttp()), project)


async def test_the_simulator_is_ill_until_the_rollback(tmp_path: Path) -> None:
    async with simulator(tmp_path) as running:
        place = target(tmp_path, {"name": "simulator", "url": running.url})
        told = Simulator.running(place.deps, place.project)
        other = await running.fault("hang", provider="google")
        form = SimulatorForm.model_validate({"kind": "simulator", "request": DEAD})

        def broken() -> bool:
            return [fault["spec"]["kind"] for fault in told.faults()] == ["hang", "status"]

        await asyncio.to_thread(fault_contract.holds, form.fault(place), broken)
        left = await asyncio.to_thread(told.faults)
        assert [fault["id"] for fault in left] == [other["id"]]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (DEAD, "openai: status 503"),
        ({"kind": "status"}, "every provider: status"),
        ({**DEAD, "times": 3, "probability": 0.5}, "openai: status 503 (probability 0.5, times 3)"),
        ({"kind": "hang", "model": "gpt-5"}, "every provider: hang (model gpt-5)"),
    ],
    ids=["status", "as it is", "more", "no status"],
)
def test_a_fault_of_the_simulator_is_told_once(
    tmp_path: Path, request_: dict[str, object], told: str
) -> None:
    place = target(tmp_path, {"name": "simulator", "url": "http://127.0.0.1:9"})
    form = SimulatorForm.model_validate({"kind": "simulator", "request": request_})
    assert form.fault(place).describe() == told


async def test_the_simulator_ends_a_fault_by_itself(tmp_path: Path) -> None:
    async with simulator(tmp_path) as running:
        place = target(tmp_path, {"name": "simulator", "url": running.url})
        fault = SimulatorForm.model_validate({"kind": "simulator", "request": DEAD}).fault(place)
        await asyncio.to_thread(fault.apply, 0.01)
        await asyncio.sleep(0.02)
        assert await asyncio.to_thread(Simulator.running(place.deps, place.project).faults) == []
        await asyncio.to_thread(fault.rollback)


async def test_a_breaker_is_tripped_until_the_rollback(tmp_path: Path) -> None:
    runtime = make_runtime("rag", tmp_path, hops={"llm-gateway": object()})
    async with served(build_service(runtime, ServiceSpec(routes=[])), tmp_path):
        place = target(tmp_path, {"name": "rag", "ops_socket": str(tmp_path / "ops.sock")})

        def state() -> str:
            rows = breakers.listing(breakers.everywhere(place.deps, place.project, "/admin/breakers"))
            return str(next(row["state"] for row in rows if row["name"] == "hop:llm-gateway"))

        form = BreakerForm.model_validate({"kind": "breaker", "name": "hop:llm-gateway", "service": "rag"})
        await asyncio.to_thread(fault_contract.holds, form.fault(place), lambda: state() == "forced_open")
        assert await asyncio.to_thread(state) == "closed"


def test_a_process_is_frozen_until_the_rollback(tmp_path: Path) -> None:
    with listed_processes(tmp_path) as listed:
        pid = listed.start("chat")
        form = FreezeForm.model_validate({"kind": "freeze", "service": "chat"})
        place = FaultTarget(make_deps(cwd=tmp_path), listed.project)
        fault_contract.holds(form.fault(place), lambda: state(pid) == "T")


def test_a_database_is_locked_until_the_rollback(tmp_path: Path) -> None:
    with listed_processes(tmp_path) as listed:
        path = listed.project.data_dir / "chat.db"
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode=WAL")

            def refuses() -> bool:
                try:
                    database.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return True
                database.execute("ROLLBACK")
                return False

            form = LockForm.model_validate({"kind": "lock", "service": "chat"})
            place = FaultTarget(make_deps(cwd=tmp_path), listed.project)
            fault_contract.holds(form.fault(place), refuses)


def test_every_kind_is_called_what_its_table_calls_it() -> None:
    for name, form in KINDS.items():
        schema = form.model_json_schema()["properties"]
        assert schema["kind"]["const"] == name
        assert "ttl" in schema

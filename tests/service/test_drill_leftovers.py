"""What a drill left that was killed is named to the next one, with what ends it; against real services."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.fakes.cli.deps import make_deps, write_running
from tests.fakes.drills.files import OUTAGE
from tests.fakes.kernel.runtime import OPERATOR_TOKEN, make_runtime
from tests.fakes.llm.simulator import simulator
from tests.fakes.services.server import served
from wattos_cli.clients.breaker_orders import Order, give
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.fault import FaultTarget
from wattos_cli.drills.files.reading import read_drill
from wattos_cli.drills.runner import leftovers
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project
from wattos_platform.kernel.service import ServiceSpec, build_service

BREAKER = "hop:llm-gateway"
TRIPPING = OUTAGE.replace(
    '"simulator"\nrequest = { kind = "status", status = 503 }', f'"breaker"\nname = "{BREAKER}"'
)


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    (tmp_path / "mine.toml").write_text(OUTAGE)
    return read_drill(tmp_path / "mine.toml")


@pytest.fixture
def other(tmp_path: Path) -> Drill:
    (tmp_path / "other.toml").write_text(TRIPPING)
    return read_drill(tmp_path / "other.toml")


def refused(drill: Drill, place: FaultTarget) -> WattosError:
    with pytest.raises(WattosError) as caught:
        leftovers.check([drill], place.deps, place.project)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "broken_already")
    return caught.value


async def test_faults_and_trips_are_named_until_they_are_ended(
    tmp_path: Path, drill: Drill, other: Drill
) -> None:
    runtime = make_runtime("rag", tmp_path, hops={"llm-gateway": object()})
    async with simulator(tmp_path) as sim, served(build_service(runtime, ServiceSpec(routes=[])), tmp_path):
        rows = [
            {"name": "rag", "ops_socket": str(tmp_path / "ops.sock")},
            {"name": "simulator", "url": sim.url, "ops_socket": str(tmp_path / "simulator/ops.sock")},
        ]
        write_running(tmp_path, *rows)
        project = Project(tmp_path)
        project.secret_file("operator.token").write_text(OPERATOR_TOKEN)
        place = FaultTarget(make_deps(cwd=tmp_path, http=PlainHttp()), project)

        def killed(each: Drill) -> None:
            for form in each.fault:
                form.fault(place).apply(600.0)

        def hold() -> None:
            leftovers.check([drill, other], place.deps, place.project)

            killed(drill)
            found = refused(drill, place)
            assert re.search(r": every provider: status 503 for another \d+ s$", found.message)
            assert found.hint.endswith(f"curl -s -X DELETE {sim.url}/simulator/faults")
            leftovers.check([other], place.deps, place.project)  # what does not use the simulator may run
            httpx.delete(f"{sim.url}/simulator/faults").raise_for_status()
            leftovers.check([drill], place.deps, place.project)

            killed(other)
            found = refused(drill, place)
            assert re.search(f": breaker {BREAKER} is tripped in rag-0 for another \\d+ s$", found.message)
            assert f"wattos breaker reset {BREAKER} --reason" in found.hint
            give(place.deps, Order("reset", BREAKER, "a test"))
            leftovers.check([drill, other], place.deps, place.project)

            give(place.deps, Order("trip", BREAKER, "maintenance, by a person", 600.0))
            leftovers.check([drill, other], place.deps, place.project)

        await asyncio.to_thread(hold)

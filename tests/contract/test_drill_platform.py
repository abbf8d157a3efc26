"""The platform as drills see it: the scripted one of their tests, and real services."""

import asyncio
from pathlib import Path

from tests.contract import drill_platform_contract
from tests.fakes.cli.deps import make_deps, write_running
from tests.fakes.drills.harness import NAME, FakeFault, House
from tests.fakes.kernel.runtime import OPERATOR_TOKEN, make_runtime
from tests.fakes.llm.simulator import simulator
from tests.fakes.services.server import served
from wattos_cli.clients.breaker_orders import Order, give
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.drills.runner.live import LivePlatform
from wattos_cli.project import Project
from wattos_platform.kernel.service import ServiceSpec, build_service

BREAKER = "hop:llm-gateway"


def test_the_scripted_one() -> None:
    house = House()

    def trouble() -> None:
        FakeFault(house, "outage").apply(60)
        house.time.sleep(2)

    drill_platform_contract.holds(house, NAME, trouble)


async def test_real_services(tmp_path: Path) -> None:
    runtime = make_runtime("rag", tmp_path, hops={"llm-gateway": object()})
    async with simulator(tmp_path) as sim, served(build_service(runtime, ServiceSpec(routes=[])), tmp_path):
        rows = [
            {"name": "rag", "ops_socket": str(tmp_path / "ops.sock")},
            {"name": "simulator", "url": sim.url, "ops_socket": str(tmp_path / "simulator/ops.sock")},
        ]
        write_running(tmp_path, *rows)
        project = Project(tmp_path)
        project.secret_file("operator.token").write_text(OPERATOR_TOKEN)
        deps = make_deps(cwd=tmp_path, http=PlainHttp(), environ={"WATTOS_ACTOR": "a test"})
        platform = LivePlatform(deps, project)

        def trouble() -> None:
            assert give(deps, Order("trip", BREAKER, "a test", 60.0)).complete

        await asyncio.to_thread(drill_platform_contract.holds, platform, BREAKER, trouble)

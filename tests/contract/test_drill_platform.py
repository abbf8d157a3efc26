"""The platform as drills see it: the scripted one of their tests, and real services."""

import asyncio
from pathlib import Path

from tests.contract import drill_platform_contract
from tests.fakes.cli.deps import make_deps
from tests.fakes.drills.harness import NAME, FakeFault, House
from tests.fakes.drills.real_services import BREAKER, rag_and_simulator
from wattos_cli.clients.breaker_orders import Order, give
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.drills.runner.live import LivePlatform


def test_the_scripted_one() -> None:
    house = House()

    def trouble() -> None:
        FakeFault(house, "outage").apply(60)
        house.time.sleep(2)

    drill_platform_contract.holds(house, NAME, trouble)


async def test_real_services(tmp_path: Path) -> None:
    async with rag_and_simulator(tmp_path) as (project, _):
        deps = make_deps(cwd=tmp_path, http=PlainHttp(), environ={"WATTOS_ACTOR": "a test"})
        platform = LivePlatform(deps, project)

        def trouble() -> None:
            assert give(deps, Order("trip", BREAKER, "a test", 60.0)).complete

        await asyncio.to_thread(drill_platform_contract.holds, platform, BREAKER, trouble)

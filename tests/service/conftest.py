"""One simulator for all tests of a module, as new for each."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.llm.simulator import Simulator, simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_simulator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    async with simulator(tmp_path_factory.mktemp("sim")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sim(running_simulator: Simulator) -> Simulator:
    await running_simulator.reset()
    return running_simulator

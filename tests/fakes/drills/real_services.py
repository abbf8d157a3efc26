"""A project in which rag and the simulator really answer, for what drills ask of a platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakes.cli.deps import write_running
from tests.fakes.kernel.runtime import OPERATOR_TOKEN, make_runtime
from tests.fakes.llm.simulator import simulator
from tests.fakes.services.server import served
from wattos_cli.project import Project
from wattos_platform.kernel.service import ServiceSpec, build_service

BREAKER = "hop:llm-gateway"
"""The breaker that rag has."""


@asynccontextmanager
async def rag_and_simulator(root: Path) -> AsyncIterator[tuple[Project, str]]:
    """Yield the project in `root`, and the simulator's URL."""
    runtime = make_runtime("rag", root, hops={"llm-gateway": object()})
    async with simulator(root) as sim, served(build_service(runtime, ServiceSpec(routes=[])), root):
        rows = [
            {"name": "rag", "ops_socket": str(root / "ops.sock")},
            {"name": "simulator", "url": sim.url, "ops_socket": str(root / "simulator/ops.sock")},
        ]
        write_running(root, *rows)
        project = Project(root)
        project.secret_file("operator.token").write_text(OPERATOR_TOKEN)
        yield project, sim.url

"""The composition root of the simulator."""

import asyncio
from random import Random

from wattos_platform.kernel.error_shapes import MODEL_API
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp, ServiceSpec, build_service
from wattos_platform.services.simulator.domain.faults import FaultBoard
from wattos_platform.services.simulator.replies import Simulation
from wattos_platform.services.simulator.routes import Endpoints


def create_app(runtime: Runtime) -> ServiceApp:
    """Return the simulator; it has no database and asks nobody who they are."""
    rng = Random()  # noqa: S311 - dice for faults
    simulation = Simulation(
        FaultBoard(runtime.monotonic, rng),
        rng,
        clock=runtime.clock,
        sleep=asyncio.sleep,
        new_id=uuid7,
    )
    limit = runtime.settings.llm_body_limit_bytes
    return build_service(
        runtime,
        ServiceSpec(
            routes=Endpoints(simulation).routes(),
            error_shapes=MODEL_API,
            identity_required=False,
            body_limit=lambda _method, _path: limit,
        ),
    )

"""The composition root of the simulator."""

import asyncio
from random import Random

from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp, ServiceSpec, build_service
from wattos_platform.services.simulator.adapters.connections import hang_up
from wattos_platform.services.simulator.adapters.provider_ports import TcpProviderPorts
from wattos_platform.services.simulator.domain.behaviour import Behaviours
from wattos_platform.services.simulator.domain.fault_board import FaultBoard
from wattos_platform.services.simulator.domain.ledger import Ledger
from wattos_platform.services.simulator.provider_routes import error_shapes
from wattos_platform.services.simulator.routes import routes
from wattos_platform.services.simulator.simulation import Simulation


def create_app(runtime: Runtime) -> ServiceApp:
    """Return the simulator; it has no database and asks nobody who they are."""
    rng = Random()  # noqa: S311 - dice for faults and latencies
    faults = FaultBoard(runtime.monotonic, rng)
    simulation = Simulation(
        faults,
        Behaviours(rng),
        Ledger(runtime.clock),
        clock=runtime.clock,
        monotonic=runtime.monotonic,
        sleep=asyncio.sleep,
        new_id=uuid7,
        hang_up=hang_up,
    )
    provider_ports = TcpProviderPorts(runtime.settings.host, faults.refused_for, runtime.log)
    limit = runtime.settings.llm_body_limit_bytes
    app = build_service(
        runtime,
        ServiceSpec(
            routes=routes(simulation, provider_ports),
            lifespan=[provider_ports.lifespan],
            error_shapes=error_shapes(),
            identity_required=False,
            body_limit=lambda _method, _path: limit,
        ),
    )
    provider_ports.serve(app)
    return app

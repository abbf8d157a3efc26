"""The route table of the simulator."""

from starlette.routing import Route

from wattos_platform.services.simulator.ports import Doors
from wattos_platform.services.simulator.provider_side import provider_routes
from wattos_platform.services.simulator.simulation import Simulation
from wattos_platform.services.simulator.tester_side import Control


def routes(simulation: Simulation, doors: Doors) -> list[Route]:
    """Return all routes: the tester's, then the providers'."""
    return [*Control(simulation, doors).routes(), *provider_routes(simulation, doors.provider_at)]

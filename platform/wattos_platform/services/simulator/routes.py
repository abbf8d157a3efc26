"""The route table of the simulator."""

from starlette.routing import Route

from wattos_platform.services.simulator.control_routes import Control
from wattos_platform.services.simulator.ports import ProviderPorts
from wattos_platform.services.simulator.provider_routes import provider_routes
from wattos_platform.services.simulator.simulation import Simulation


def routes(simulation: Simulation, provider_ports: ProviderPorts) -> list[Route]:
    """Return all routes: the tester's, then the providers'."""
    return [
        *Control(simulation, provider_ports).routes(),
        *provider_routes(simulation, provider_ports.provider_at),
    ]

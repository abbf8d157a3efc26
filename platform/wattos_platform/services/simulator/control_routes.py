"""The tester's side, under /simulator: behaviour, faults, ports, counts."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.contracts.simulator_faults import NAME, FaultRequest
from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.requests import parse, query
from wattos_platform.services.simulator.domain.behaviour import Behaviour
from wattos_platform.services.simulator.domain.ledger import MOST_RECENT
from wattos_platform.services.simulator.ports import ProviderPort, ProviderPorts
from wattos_platform.services.simulator.simulation import Simulation


class PortRequest(BaseModel):
    """POST /simulator/ports: whose port it is, and which; 0 takes a free one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    provider: str = Field(pattern=NAME)
    port: int = Field(default=0, ge=0, le=65535)


class CountsQuery(BaseModel):
    """GET /simulator/requests: how many of the last requests are listed."""

    model_config = ConfigDict(extra="forbid")

    last: int = Field(default=100, ge=0, le=MOST_RECENT)


class Control:
    """The handlers over one simulation and the ports of its providers."""

    def __init__(self, simulation: Simulation, provider_ports: ProviderPorts) -> None:
        self._simulation = simulation
        self._provider_ports = provider_ports

    def routes(self) -> list[Route]:
        """Return the route table."""
        return [
            Route("/simulator", self.reset, methods=["DELETE"]),
            Route("/simulator/behaviour", self.show_behaviour, methods=["GET"]),
            Route("/simulator/behaviour", self.behave, methods=["PUT"]),
            Route("/simulator/behaviour/{provider}", self.behave, methods=["PUT"]),
            Route("/simulator/behaviour/{provider}", self.forget_behaviour, methods=["DELETE"]),
            Route("/simulator/faults", self.show_faults, methods=["GET"]),
            Route("/simulator/faults", self.add_fault, methods=["POST"]),
            Route("/simulator/faults", self.clear_faults, methods=["DELETE"]),
            Route("/simulator/faults/{id}", self.remove_fault, methods=["DELETE"]),
            Route("/simulator/ports", self.show_ports, methods=["GET"]),
            Route("/simulator/ports", self.open_port, methods=["POST"]),
            Route("/simulator/ports/{port:int}", self.close_port, methods=["DELETE"]),
            Route("/simulator/requests", self.show_counts, methods=["GET"]),
            Route("/simulator/requests", self.clear_counts, methods=["DELETE"]),
        ]

    async def reset(self, _request: Request) -> Response:
        """DELETE /simulator: no faults, no ports, no counts, and every behaviour as at the start."""
        self._simulation.faults.clear()
        self._simulation.ledger.clear()
        self._simulation.behaviours.clear()
        for provider_port in self._provider_ports.all():
            await self._provider_ports.remove(provider_port.port)
        return Response(status_code=204)

    async def show_behaviour(self, _request: Request) -> Response:
        """GET /simulator/behaviour: that of all, and under `providers` those that differ."""
        behaviours = self._simulation.behaviours
        own = {name: behaviour.model_dump() for name, behaviour in behaviours.own.items()}
        return json_answer({**behaviours.of("").model_dump(), "providers": own})

    async def behave(self, request: Request) -> Response:
        """PUT /simulator/behaviour, or that of one provider; what the body leaves out takes its default."""
        behaviour = await parse(request, Behaviour)
        try:
            self._simulation.behaviours.set(behaviour, request.path_params.get("provider", ""))
        except OverflowError as error:
            raise ServiceError(409, "too_many_behaviours", f"{error}; DELETE one first.") from error
        return json_answer(behaviour.model_dump())

    async def forget_behaviour(self, request: Request) -> Response:
        """DELETE /simulator/behaviour/{provider}."""
        if not self._simulation.behaviours.forget(request.path_params["provider"]):
            raise ServiceError(404, "behaviour_not_found", "This provider has no behaviour of its own.")
        return Response(status_code=204)

    async def show_faults(self, _request: Request) -> Response:
        """GET /simulator/faults."""
        return json_answer({"faults": self._simulation.faults.active()})

    async def add_fault(self, request: Request) -> Response:
        """POST /simulator/faults."""
        spec = (await parse(request, FaultRequest)).root
        try:
            fault = self._simulation.faults.add(self._simulation.new_id(), spec)
        except OverflowError as error:
            raise ServiceError(409, "too_many_faults", f"{error}; DELETE /simulator/faults first.") from error
        await self._provider_ports.obey()
        return json_answer(fault, 201)

    async def remove_fault(self, request: Request) -> Response:
        """DELETE /simulator/faults/{id}."""
        if not self._simulation.faults.remove(request.path_params["id"]):
            raise ServiceError(404, "fault_not_found", "This fault is not switched on.")
        await self._provider_ports.obey()
        return Response(status_code=204)

    async def clear_faults(self, _request: Request) -> Response:
        """DELETE /simulator/faults."""
        self._simulation.faults.clear()
        await self._provider_ports.obey()
        return Response(status_code=204)

    async def show_ports(self, _request: Request) -> Response:
        """GET /simulator/ports."""
        return json_answer({"ports": [_shown(provider_port) for provider_port in self._provider_ports.all()]})

    async def open_port(self, request: Request) -> Response:
        """POST /simulator/ports."""
        wanted = await parse(request, PortRequest)
        try:
            provider_port = await self._provider_ports.add(wanted.provider, wanted.port)
        except OverflowError as error:
            raise ServiceError(409, "too_many_ports", f"{error}; DELETE one first.") from error
        except OSError as error:
            raise ServiceError(
                409,
                "port_taken",
                f"Port {wanted.port} cannot be opened: {error.strerror}; 0 takes a free one.",
            ) from error
        return json_answer(_shown(provider_port), 201)

    async def close_port(self, request: Request) -> Response:
        """DELETE /simulator/ports/{port}."""
        if not await self._provider_ports.remove(request.path_params["port"]):
            raise ServiceError(404, "port_not_found", "The simulator has not opened this port.")
        return Response(status_code=204)

    async def show_counts(self, request: Request) -> Response:
        """GET /simulator/requests."""
        return json_answer(self._simulation.ledger.report(query(request, CountsQuery).last))

    async def clear_counts(self, _request: Request) -> Response:
        """DELETE /simulator/requests."""
        self._simulation.ledger.clear()
        return Response(status_code=204)


def _shown(provider_port: ProviderPort) -> dict[str, Any]:
    url = f"http://{provider_port.host}:{provider_port.port}"
    return {
        "provider": provider_port.provider,
        "port": provider_port.port,
        "url": url,
        "open": provider_port.open,
    }

"""The simulator as tests run it, and what a test tells and asks it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.services.server import Served, served
from wattos_platform.services.simulator.app import create_app


@dataclass(frozen=True)
class Simulator:
    """A running simulator."""

    running: Served

    @property
    def url(self) -> str:
        """Return its address."""
        return self.running.url

    async def fault(self, kind: str, **spec: Any) -> dict[str, Any]:
        """Switch a fault on."""
        return await self._told("POST", "/simulator/faults", {"kind": kind, **spec})

    async def end_fault(self, fault: Mapping[str, Any]) -> None:
        """Switch a fault off that `fault` has returned."""
        await self.running.public.delete(f"/simulator/faults/{fault['id']}")

    async def forget_faults(self) -> None:
        """Switch every fault off."""
        await self.running.public.delete("/simulator/faults")

    async def forget_requests(self) -> None:
        """Make the counts begin at zero."""
        await self.running.public.delete("/simulator/requests")

    async def behave(self, provider: str = "", **behaviour: Any) -> None:
        """Set the behaviour of all providers, or of one."""
        path = f"/simulator/behaviour/{provider}" if provider else "/simulator/behaviour"
        await self._told("PUT", path, behaviour)

    async def port(self, provider: str) -> str:
        """Open a port for `provider` and return its address."""
        door = await self._told("POST", "/simulator/ports", {"provider": provider})
        return str(door["url"])

    async def reset(self) -> None:
        """Make it as new: no faults, no behaviour of its own, no counts, no ports."""
        await self.running.public.delete("/simulator")

    async def settled(self) -> dict[str, Any]:
        """Return the record of the last request once no request is being answered any more."""
        while (await self.counts(0))["in_flight"]:
            await asyncio.sleep(0.005)
        return await self.last()

    async def counts(self, last: int = 100) -> dict[str, Any]:
        """Return what it received and gave."""
        response = await self.running.public.get("/simulator/requests", params={"last": last})
        found: dict[str, Any] = response.json()
        return found

    async def last(self) -> dict[str, Any]:
        """Return the record of the last request."""
        record: dict[str, Any] = (await self.counts(1))["recent"][-1]
        return record

    async def _told(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        response = await self.running.public.request(method, path, json=body)
        assert response.is_success, response.text
        found: dict[str, Any] = response.json()
        return found


@asynccontextmanager
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    """Serve the simulator, with the files of its life below `tmp_path`."""
    folder = tmp_path / "simulator"
    folder.mkdir()
    async with served(create_app(make_runtime("simulator", folder)), folder) as running:
        yield Simulator(running)

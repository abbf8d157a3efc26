"""How one replica is asked whether it lives and is ready, by the kind of service it is."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from wattos_cli.supervisor import probe
from wattos_cli.supervisor.addresses import Address, address_of
from wattos_cli.supervisor.components import ping
from wattos_cli.supervisor.plan import ServicePlan
from wattos_cli.supervisor.probe import ProbeError
from wattos_platform.catalog import PING

LIVENESS = "/health/liveness"
READINESS = "/health/readiness"


@dataclass
class ReplicaProbe:
    """The two questions; each answers "" for yes and otherwise the reason in words.

    A bundled service is asked on its operations socket. A foreign one is ready when its health path says
    so, else when its port accepts, else when it has lived for `settle_s`; it lives as long as it answers.
    A server that speaks Redis's protocol is asked by PING.
    """

    plan: ServicePlan
    ops_socket: Path | None
    settle_s: float
    monotonic: Callable[[], float] = time.monotonic
    _begun_at: float = field(default=0.0)

    def begin(self) -> None:
        """Take note that a new process starts now."""
        self._begun_at = self.monotonic()

    async def liveness(self, timeout_s: float) -> str:
        """Return "" when the service lives."""
        if self.ops_socket is not None:
            return await self._ask(Address(path=str(self.ops_socket)), LIVENESS, timeout_s)
        if self.plan.health == PING:
            return await _trouble(self._ping(timeout_s))
        address, health = self._foreign()
        if address is None:
            return ""
        if health:
            return await _trouble(probe.get(address, health, timeout_s))
        return await _trouble(probe.connects(address, timeout_s))

    async def readiness(self, timeout_s: float) -> str:
        """Return "" when the service is ready for requests."""
        if self.ops_socket is not None:
            return await self._ask(Address(path=str(self.ops_socket)), READINESS, timeout_s)
        if self.plan.health == PING:
            try:
                return await self._ping(timeout_s)
            except ProbeError as error:
                return str(error)
        address, health = self._foreign()
        if address is None:
            return "" if self.monotonic() - self._begun_at >= self.settle_s else "just started"
        if health:
            return await self._ask(address, health, timeout_s)
        return await _trouble(probe.connects(address, timeout_s))

    async def _ping(self, timeout_s: float) -> str:
        return await ping.ask(self.plan.port, self.plan.password, timeout_s)

    def _foreign(self) -> tuple[Address | None, str]:
        if "://" in self.plan.health:
            return address_of(self.plan.health)
        if self.plan.url:
            address, path = address_of(self.plan.url)
            return address, self.plan.health or ("" if path == "/" else path)
        if self.plan.port:
            return Address(port=self.plan.port), self.plan.health
        return None, ""

    async def _ask(self, address: Address, path: str, timeout_s: float) -> str:
        try:
            answer = await probe.get(address, path, timeout_s)
        except ProbeError as error:
            return str(error)
        return "" if answer.ok else answer.message()


async def _trouble(question: Awaitable[object]) -> str:
    """Return "" when `question` was answered at all."""
    try:
        await question
    except ProbeError as error:
        return str(error)
    return ""

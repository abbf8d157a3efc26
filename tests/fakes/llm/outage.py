"""A model gateway before two simulated providers, one of which a test kills, and what it then sees."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.simulator import Simulator, simulator
from tests.fakes.services.server import Served
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerSettings
from wattos_platform.services.llm_gateway.adapters.tables import llm_calls

PRIMARY, BACKUP = "primary", "backup"
MODEL = "gpt-4o-mini"
TEXT = "Say hello."
MESSAGES = [{"role": "user", "content": TEXT}]
# Each dialect's path and how it asks the same question.
ASKS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": MESSAGES}),
    "completions": ("/v1/completions", {"max_tokens": 5000, "prompt": TEXT}),
    "responses": ("/v1/responses", {"input": TEXT}),
    "messages": ("/v1/messages", {"max_tokens": 5000, "messages": MESSAGES}),
}


@dataclass
class Outage:
    """`clock` is that of the breakers alone: it stands still until a test moves it."""

    gateway: Served
    sim: Simulator
    clock: FakeClock

    @property
    def breaker(self) -> Breaker:
        """Return the breaker of the primary provider."""
        found: Breaker = self.gateway.app.runtime.breakers.get(f"llm:{PRIMARY}")
        return found

    async def kill(self, kind: str, **spec: Any) -> dict[str, Any]:
        """Switch a fault of the primary provider on."""
        return await self.sim.fault(kind, provider=PRIMARY, **spec)

    async def ask(self, model: str = "any", dialect: str = "chat", **change: Any) -> httpx.Response:
        """Ask the alias, whose chain is primary and backup, or one provider's model."""
        path, body = ASKS[dialect]
        return await self.gateway.public.post(path, json={"model": model, **body, **change})

    async def arrived(self, provider: str = PRIMARY) -> int:
        """Return how many requests a provider has received."""
        return sum(call["provider"] == provider for call in (await self.sim.counts(1000))["recent"])

    async def rows(self, provider: str = PRIMARY) -> Sequence[Any]:
        """Return the usage rows of calls to a provider, the oldest first."""
        database = self.gateway.app.runtime.database
        await database.write(_after_all_that_waits)
        asked = select(llm_calls).where(llm_calls.c.provider == provider).order_by(llm_calls.c.at)
        async with database.read() as connection:
            return (await connection.execute(asked)).all()

    async def metric(self, name: str) -> float:
        """Return the sum of all samples of that name."""
        text = (await self.gateway.ops.get("/metrics")).text
        lines = [line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


async def _after_all_that_waits(_connection: AsyncConnection) -> None:
    """Write nothing: it is committed after what was written before."""


@asynccontextmanager
async def outage(
    tmp_path: Path,
    *,
    settings: BreakerSettings | None = None,
    environ: Mapping[str, str] | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Outage]:
    """Serve both; the primary provider has a port of its own, which can refuse connections."""
    async with simulator(tmp_path) as sim:
        door = await sim.port(PRIMARY)
        addresses = {PRIMARY: f"{door}/v1", BACKUP: f"{sim.url}/as/{BACKUP}/v1"}
        details = {
            name: {"base_url": url, "models": [MODEL], "api_key_env": "SCHOOL_KEY"}
            for name, url in addresses.items()
        }
        chain = [f"{PRIMARY}/{MODEL}", f"{BACKUP}/{MODEL}"]
        llm = {"providers": list(details), "provider": details, "aliases": {"any": chain}}
        clock = FakeClock()
        async with llm_service(
            tmp_path,
            config={"llm": llm},
            environ={"SCHOOL_KEY": "dummy", **(environ or {})},
            monotonic=monotonic,
            breaker_clock=clock,
            breaker_settings=settings,
        ) as gateway:
            yield Outage(gateway, sim, clock)

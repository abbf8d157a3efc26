"""A stream's place is leased for a moment and held by renewing, for as long as the stream runs."""

import asyncio
import time

from tests.fakes.kernel.meter import FakeLog, FakeMeter
from wattos_platform.contracts.identity import Identity
from wattos_platform.contracts.limits import Limits
from wattos_platform.kernel.resilience.limiter import Limiter
from wattos_platform.kernel.resilience.slots import Lease
from wattos_platform.services.llm_gateway.caps import Caps
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable
from wattos_platform.services.llm_gateway.domain.quotas import QuotaPlan
from wattos_platform.services.llm_gateway.quotas import Demand, Quotas, Spending


class WatchedSlots:
    """Implements Slots; `renewed` is set at the second renewal."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.renewals = self.released = 0
        self.renewed = asyncio.Event()

    async def take(self, key: str, limit: int, ttl_s: float) -> Lease | None:
        self.taken.append(ttl_s)
        return Lease(key, "1")

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        self.renewals += 1
        if self.renewals == 2:
            self.renewed.set()
        return True

    async def release(self, lease: Lease) -> bool:
        self.released += 1
        return True


async def test_a_place_is_renewed_while_the_stream_runs_and_given_back_at_its_end():
    slots = WatchedSlots()
    quotas = Quotas(
        QuotaPlan(Limits.model_validate({"user": {"concurrent_streams": 3}})),
        PriceTable([]),
        limiter=Limiter(lambda: 0.0),
        slots=slots,
        ledger=None,
        caps=Caps(time.monotonic),
        meter=FakeMeter(),
        log=FakeLog(),
        clock=lambda: 0.0,
        lease_s=0.003,
    )
    demand = Demand(Identity("t", "u"), "m", (), 100, stream=True)
    async with quotas.admitted(demand, Spending()):
        await asyncio.wait_for(slots.renewed.wait(), 10)
    assert slots.taken == [0.003]
    assert slots.released == 1
    tasks = [task for task in asyncio.all_tasks() if task.get_name() == "hold-stream-places"]
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)

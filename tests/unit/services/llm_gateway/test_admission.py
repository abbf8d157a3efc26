"""A request under quotas that is cancelled while it is settled."""

import asyncio
import time
from collections.abc import Sequence
from datetime import date

import pytest

from tests.fakes.kernel.meter import FakeLog, FakeMeter
from wattos_platform.contracts.identity import Identity
from wattos_platform.contracts.limits import read_limits
from wattos_platform.kernel.resilience.limiter import Limiter
from wattos_platform.kernel.resilience.rate_limits import Want
from wattos_platform.kernel.resilience.slots import MemorySlots
from wattos_platform.services.llm_gateway.adapters.memory_ledger import MemoryLedger
from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.caps import Caps
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.quotas import Account, QuotaPlan
from wattos_platform.services.llm_gateway.quotas import Demand, Quotas, Spending


class LeavingLimiter(Limiter):
    """A limiter at which the request is cancelled once more while it gives its tokens back."""

    async def settle(self, wants: Sequence[Want], used: int) -> None:
        raise asyncio.CancelledError


async def test_a_stream_cancelled_while_it_is_settled_does_not_hold_its_place_for_ever() -> None:
    async def nothing(_account: Account, _day: date) -> int:
        return 0

    limits = read_limits({"limits": {"tenant": {"tokens_per_minute": 3000, "concurrent_streams": 1}}})
    quotas = Quotas(
        QuotaPlan(limits),
        read_prices({}),
        limiter=LeavingLimiter(time.monotonic),
        slots=MemorySlots(time.monotonic),
        ledger=MemoryLedger(nothing, time.monotonic),
        caps=Caps(time.monotonic),
        meter=FakeMeter(),
        log=FakeLog(),
        clock=time.time,
    )
    demand = Demand(Identity("tenant-a", "user-1"), "m", (Target("openai", "m"),), 100, 100, stream=True)
    with pytest.raises(asyncio.CancelledError):
        async with quotas.admitted(demand, Spending()):
            assert "hold-stream-places" in _running()
    await asyncio.sleep(0)
    assert "hold-stream-places" not in _running()


def _running() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}

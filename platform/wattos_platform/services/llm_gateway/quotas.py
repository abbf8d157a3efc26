"""Who may ask how much: tokens a minute, streams at once, dollars a day; reserved first, settled after."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import date
from typing import Protocol

import msgspec

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.background import restarting
from wattos_platform.kernel.resilience.rate_limits import Decision, DecisionCounter, RateLimiter, Want
from wattos_platform.kernel.resilience.slots import Lease, Slots
from wattos_platform.kernel.telemetry import Log, Meter
from wattos_platform.kernel.timestamps import DAY_S, utc_day
from wattos_platform.services.llm_gateway.caps import Caps
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable
from wattos_platform.services.llm_gateway.domain.quotas import (
    Budget,
    Draw,
    QuotaPlan,
    TokenShare,
    nano_usd,
    reserved_tokens,
)
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.quota_refusals import (
    budget_spent,
    price_unknown,
    too_many_streams,
    too_many_tokens,
)

LEASE_S = 60.0
_RENEWALS_PER_LEASE = 3
_UNLIMITED: AbstractAsyncContextManager[None] = nullcontext()


class Spending(msgspec.Struct, gc=False):
    """What the calls made for one request have used so far, in tokens and nano-dollars.

    `beyond` are the targets which its budgets do not cover, so that none of them may be asked.
    """

    tokens: int = 0
    nano_usd: int = 0
    beyond: Sequence[Target] = ()

    def add(self, usage: Usage, cost: int | None) -> None:
        """Add one call, `cost` in pico-dollars; an unknown cost adds nothing and is counted elsewhere."""
        self.tokens += usage.prompt + usage.completion
        if cost:
            self.nano_usd += nano_usd(cost)


class Demand(msgspec.Struct, frozen=True):
    """What a request may use: who asks for which model, where it may lead, and how much that may be."""

    identity: Identity
    model: str
    targets: Sequence[Target]
    body_bytes: int
    asked_tokens: int | None = None
    stream: bool = False


class Ledger(Protocol):
    """Budgets per account and UTC day. All budgets of a request are decided together, all or nothing."""

    async def reserve(
        self, budgets: Sequence[Budget], amount: int, day: date
    ) -> tuple[Sequence[Budget], str]:
        """Set aside so many nano-dollars of each, or nothing if one is refused.

        Return those that are over, and the name of the reservation. One that is only a shadow is told and not
        refused, an amount of 0 is neither: what is free may go on when the budget is spent. A reservation
        that nobody settles, because its process died, ends by itself.
        """

    async def settle(
        self, budgets: Sequence[Budget], amount: int, day: date, spent: int, hold: str = ""
    ) -> None:
        """Replace the amount that was set aside of each, as `hold`, by the nano-dollars that were spent."""


class Quotas:
    """Admits requests. `clock` is wall time in seconds.

    A stream's place is leased for `lease_s` and renewed while it runs: a process that died frees it soon.
    """

    def __init__(
        self,
        plan: QuotaPlan,
        prices: PriceTable,
        *,
        limiter: RateLimiter,
        slots: Slots,
        ledger: Ledger,
        caps: Caps,
        meter: Meter,
        log: Log,
        clock: Callable[[], float],
        lease_s: float = LEASE_S,
    ) -> None:
        self.plan = plan
        self.prices = prices
        self.limiter = limiter
        self.slots = slots
        self.ledger = ledger
        self.caps = caps
        self.log = log
        self.clock = clock
        self.lease_s = lease_s
        self.counted = DecisionCounter(meter)

    def admitted(self, demand: Demand, spending: Spending) -> AbstractAsyncContextManager[None]:
        """Return the block in which the request may run; entering raises ServiceError 429 or 403 if refused.

        Where budgets do not cover all that the request may lead to, it goes on to what they do cover, and be
        it only what is free: `spending.beyond` are the others. What is reserved at its begin is replaced by
        `spending` at its end, whatever became of the request.
        """
        identity = demand.identity
        draw = self.plan.of(identity.tenant, identity.user, demand.model)
        if self.caps:
            draw = self.caps.over(identity.tenant, draw)
        return _UNLIMITED if draw is None else Admission(self, draw, demand, spending, utc_day(self.clock()))


class Admission(msgspec.Struct):
    """One request under quotas; a context manager. `day` is the UTC day of its begin."""

    quotas: Quotas
    draw: Draw
    demand: Demand
    spending: Spending
    day: date
    wants: Sequence[Want] = ()
    amount: int | None = None
    hold: str = ""
    leases: list[Lease] = []
    renewal: asyncio.TimerHandle | asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        """Reserve everything, or nothing and raise."""
        quotas, draw, demand = self.quotas, self.draw, self.demand
        prompt, answer = reserved_tokens(demand.body_bytes, demand.asked_tokens)
        try:
            if draw.tokens:
                wants = _wants(draw.tokens, prompt + answer)
                self._check(await quotas.limiter.acquire(wants))
                self.wants = wants
            if draw.budgets:
                amount = self._estimate(Usage(prompt, answer))
                if amount is None:
                    self._refuse_unpriced()
                else:
                    over, self.hold = await quotas.ledger.reserve(draw.budgets, amount, self.day)
                    if over and _refuses(over) and len(demand.targets) > 1:
                        amount, over = await self._reserve_less(Usage(prompt, answer), amount, over)
                    self._decide(over)
                    self.amount = amount
            if demand.stream and draw.places:
                await self._take_places()
        except BaseException:
            await self.__aexit__()
            raise

    async def __aexit__(self, *_raised: object) -> None:
        """Give back what was not used, take what was used beyond."""
        quotas, spending = self.quotas, self.spending
        if self.renewal is not None:
            # First, because what follows may be cancelled: the leases then end by themselves. And let go of,
            # since a cancelled task keeps its frames and those know us: only the collector would free us.
            self.renewal.cancel()
            self.renewal = None
        # Each is done even if one before it is cancelled: what is not settled stays reserved for a while.
        try:
            if self.amount is not None:
                await quotas.ledger.settle(
                    self.draw.budgets, self.amount, self.day, spending.nano_usd, self.hold
                )
        finally:
            try:
                for lease in self.leases:
                    await quotas.slots.release(lease)
            finally:
                if self.wants:
                    await quotas.limiter.settle(self.wants, spending.tokens)

    def _begin_to_hold(self) -> None:
        name = "hold-stream-places"
        self.renewal = asyncio.create_task(restarting(self._hold, name, self.quotas.log), name=name)

    async def _hold(self) -> None:
        """Renew the leases until the stream ends."""
        quotas = self.quotas
        while True:
            for lease in self.leases:
                await quotas.slots.renew(lease, quotas.lease_s)
            await asyncio.sleep(quotas.lease_s / _RENEWALS_PER_LEASE)

    def _check(self, decision: Decision) -> None:
        if not decision.allowed:
            raise too_many_tokens(decision, self.draw.tokens)

    def _decide(self, over: Sequence[Budget]) -> None:
        """Count how the budgets decided; ServiceError 429 if one refused."""
        counted = self.quotas.counted
        if not over:
            for budget in self.draw.budgets:
                counted.of_allowed(budget.limit_name).count += 1
            return
        for budget in over:
            counted.count_refused(budget.limit_name, shadow=budget.shadow)
        refused = next((budget for budget in over if not budget.shadow), None)
        if refused is not None:
            raise budget_spent(refused, DAY_S - self.quotas.clock() % DAY_S)

    def _refuse_unpriced(self) -> None:
        """Raise ServiceError 403, as a budget cannot be kept without a price; a shadow only counts it."""
        budgets = self.draw.budgets
        for budget in budgets:
            self.quotas.counted.count_refused(budget.limit_name, shadow=budget.shadow)
        if not all(budget.shadow for budget in budgets):
            raise price_unknown(self.demand.model)

    def _estimate(self, usage: Usage) -> int | None:
        """Return the dearest of what the request may cost, in nano-dollars; None if none has a price."""
        dearest = max((self._cost(target, usage) for target in self.demand.targets), default=-1)
        return None if dearest < 0 else dearest

    async def _reserve_less(
        self, usage: Usage, refused: int, over: Sequence[Budget]
    ) -> tuple[int, Sequence[Budget]]:
        """Reserve for as many targets as the budgets cover, after `refused` was too much for those in `over`.

        Return the amount and the budgets that are over it: as they were if not even the cheapest is covered.
        What has no price is not covered.
        """
        ledger, budgets = self.quotas.ledger, self.draw.budgets
        costs = {target: self._cost(target, usage) for target in self.demand.targets}
        for amount in sorted({cost for cost in costs.values() if 0 <= cost < refused}, reverse=True):
            still_over, self.hold = await ledger.reserve(budgets, amount, self.day)
            if not _refuses(still_over):
                self.spending.beyond = [t for t, cost in costs.items() if not 0 <= cost <= amount]
                return amount, still_over
        return refused, over

    def _cost(self, target: Target, usage: Usage) -> int:
        """Return what `usage` would cost at `target` in nano-dollars, -1 if it has no price."""
        price = self.quotas.prices.find(target.provider, target.model, self.day)
        return -1 if price is None else nano_usd(price.pico_usd(usage))

    async def _take_places(self) -> None:
        quotas = self.quotas
        for share in self.draw.places:
            lease = await quotas.slots.take(f"streams:{share.key}", share.streams, quotas.lease_s)
            if lease is not None:
                self.leases.append(lease)
                quotas.counted.of_allowed(share.limit_name).count += 1
                continue
            quotas.counted.count_refused(share.limit_name, shadow=share.shadow)
            if not share.shadow:
                raise too_many_streams(share)
        if self.leases:
            # Most streams end before that, and need no task.
            first_s = quotas.lease_s / _RENEWALS_PER_LEASE
            self.renewal = asyncio.get_running_loop().call_later(first_s, self._begin_to_hold)


def _wants(shares: Sequence[TokenShare], tokens: int) -> list[Want]:
    # No more than a full bucket is reserved, or a large request could never come in.
    return [
        Want(share.key, share.limit, tokens if tokens < share.limit.burst else share.limit.burst)  # noqa: FURB136 - every request pays for min()
        for share in shares
    ]


def _refuses(over: Sequence[Budget]) -> bool:
    return any(not budget.shadow for budget in over)

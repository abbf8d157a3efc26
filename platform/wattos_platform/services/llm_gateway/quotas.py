"""Who may ask how much: tokens a minute, streams at once, dollars a day; reserved first, settled after."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Protocol

import msgspec

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.rate_limits import Decision, RateLimiter, Want
from wattos_platform.kernel.resilience.retry_after import retry_after, whole_wait_s
from wattos_platform.kernel.resilience.slots import Lease, Slots
from wattos_platform.kernel.telemetry import Meter, Tally
from wattos_platform.kernel.timestamps import DAY_S, utc_day
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable
from wattos_platform.services.llm_gateway.domain.quotas import (
    Charge,
    Draw,
    QuotaPlan,
    Share,
    nano_usd,
    reserved_tokens,
)
from wattos_platform.services.llm_gateway.domain.wire import Usage

_STREAM_WAIT_S = 1
LEASE_S = 60.0
_RENEWALS_PER_LEASE = 3
_UNLIMITED: AbstractAsyncContextManager[None] = nullcontext()


@dataclass(slots=True)
class Spending:
    """What the calls made for one request have used so far, in tokens and nano-dollars."""

    tokens: int = 0
    nano_usd: int = 0

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
    """Budgets per account and UTC day. All charges of a request are decided together, all or nothing."""

    async def reserve(self, charges: Sequence[Charge], day: date) -> Sequence[Charge]:
        """Set aside what every charge asks for, or nothing if one is refused; return those that are over.

        One that is only a shadow is told and not refused, an amount of 0 is neither: what is free may go on
        when the budget is spent.
        """

    async def settle(self, charges: Sequence[Charge], day: date, spent: int) -> None:
        """Replace what was set aside by the nano-dollars that were spent."""


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
        meter: Meter,
        clock: Callable[[], float],
        lease_s: float = LEASE_S,
    ) -> None:
        self.plan = plan
        self.prices = prices
        self.limiter = limiter
        self.slots = slots
        self.ledger = ledger
        self.clock = clock
        self.lease_s = lease_s
        self._meter = meter
        self._tallies: dict[tuple[str, str], Tally] = {}

    def admitted(self, demand: Demand, spending: Spending) -> AbstractAsyncContextManager[None]:
        """Return the block in which the request may run; entering raises ServiceError 429 or 403 if refused.

        What is reserved at its begin is replaced by `spending` at its end, whatever became of the request.
        """
        identity = demand.identity
        draw = self.plan.of(identity.tenant, identity.user, demand.model)
        return _UNLIMITED if draw is None else Admission(self, draw, demand, spending)

    def count(self, limit: str, decision: str) -> None:
        """Count a decision: allowed, refused or shadow_refused."""
        tally = self._tallies.get((limit, decision))
        if tally is None:
            tally = self._meter.tally("rate_limit_decisions_total", limit=limit, decision=decision)
            self._tallies[limit, decision] = tally
        tally.count += 1


class Admission(AbstractAsyncContextManager[None]):
    """One request under quotas."""

    def __init__(self, quotas: Quotas, draw: Draw, demand: Demand, spending: Spending) -> None:
        self._quotas = quotas
        self._draw = draw
        self._demand = demand
        self._spending = spending
        self._day = utc_day(quotas.clock())
        self._wants: Sequence[Want] = ()
        self._charges: Sequence[Charge] = ()
        self._leases: list[Lease] = []
        self._renewal: asyncio.TimerHandle | asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        """Reserve everything, or nothing and raise."""
        demand = self._demand
        prompt, answer = reserved_tokens(demand.body_bytes, demand.asked_tokens)
        try:
            if self._draw.tokens:
                await self._take_tokens(prompt + answer)
            if self._draw.money:
                await self._reserve_money(Usage(prompt, answer))
            if demand.stream and self._draw.places:
                await self._take_places()
        except BaseException:
            await self._settle()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give back what was not used, take what was used beyond."""
        await self._settle()

    async def _settle(self) -> None:
        quotas, spending = self._quotas, self._spending
        if self._renewal is not None:
            # First, because what follows may be cancelled: the leases then end by themselves. And let go of,
            # since a cancelled task keeps its frames and those know us: only the collector would free us.
            self._renewal.cancel()
            self._renewal = None
        # Each is done even if one before it is cancelled: money that stays reserved is lost for the day.
        try:
            if self._charges:
                await quotas.ledger.settle(self._charges, self._day, spending.nano_usd)
        finally:
            try:
                for lease in self._leases:
                    await quotas.slots.release(lease)
            finally:
                for want in self._wants:
                    await quotas.limiter.settle(want, spending.tokens)

    def _begin_to_hold(self) -> None:
        self._renewal = asyncio.create_task(self._hold(), name="hold-stream-places")

    async def _hold(self) -> None:
        """Renew the leases until the stream ends."""
        quotas = self._quotas
        while True:
            for lease in self._leases:
                await quotas.slots.renew(lease, quotas.lease_s)
            await asyncio.sleep(quotas.lease_s / _RENEWALS_PER_LEASE)

    async def _take_tokens(self, tokens: int) -> None:
        # No more than a full bucket is reserved, or a large request could never come in.
        wants = [
            Want(share.key, share.tokens, min(tokens, share.tokens.burst))
            for share in self._draw.tokens
            if share.tokens
        ]
        decision = await self._quotas.limiter.acquire(wants)
        if not decision.allowed:
            raise _too_many_tokens(decision, self._draw.tokens)
        self._wants = wants

    async def _reserve_money(self, usage: Usage) -> None:
        budgets = [(share, share.usd_cap) for share in self._draw.money if share.usd_cap is not None]
        amount = self._estimate(usage)
        if amount is None:
            self._refuse_unpriced([share for share, _ in budgets])
            return
        charges = [Charge(share.account, amount, cap, share.shadow) for share, cap in budgets]
        over = await self._quotas.ledger.reserve(charges, self._day)
        refused = next((charge for charge in over if not charge.shadow), None)
        for charge in over or charges:
            decision = "allowed" if not over else "shadow_refused" if charge.shadow else "refused"
            self._quotas.count(f"{charge.account.kind}_usd", decision)
        if refused is not None:
            raise _budget_spent(refused, DAY_S - self._quotas.clock() % DAY_S)
        self._charges = charges

    def _refuse_unpriced(self, shares: Sequence[Share]) -> None:
        """Raise ServiceError 403, as a budget cannot be kept without a price; a shadow only counts it."""
        for share in shares:
            decision = "shadow_refused" if share.shadow else "refused"
            self._quotas.count(f"{share.account.kind}_usd", decision)
        if not all(share.shadow for share in shares):
            raise _price_unknown(self._demand.model)

    def _estimate(self, usage: Usage) -> int | None:
        """Return the dearest of what the request may cost, in nano-dollars; None if none has a price."""
        find = self._quotas.prices.find
        found = [find(target.provider, target.model, self._day) for target in self._demand.targets]
        known = [price.pico_usd(usage) for price in found if price is not None]
        return nano_usd(max(known)) if known else None

    async def _take_places(self) -> None:
        quotas = self._quotas
        for share in self._draw.places:
            if share.streams is None:
                continue
            lease = await quotas.slots.take(f"streams:{share.key}", share.streams, quotas.lease_s)
            if lease is not None:
                self._leases.append(lease)
            decision = "allowed" if lease else "shadow_refused" if share.shadow else "refused"
            quotas.count(f"{share.account.kind}_streams", decision)
            if decision == "refused":
                raise _too_many_streams(share)
        if self._leases:
            # Most streams end before that, and need no task.
            first_s = quotas.lease_s / _RENEWALS_PER_LEASE
            self._renewal = asyncio.get_running_loop().call_later(first_s, self._begin_to_hold)


def _refusal(code: str, message: str, wait_s: float) -> ServiceError:
    return ServiceError(429, code, message, headers=retry_after(wait_s))


def _too_many_tokens(decision: Decision, shares: Sequence[Share]) -> ServiceError:
    share = next(share for share in shares if share.tokens is decision.limit)
    wait_s = whole_wait_s(decision.retry_after_s)
    return _refusal(
        "rate_limit_exceeded",
        f"The {share.account} may use {decision.limit.count} tokens a minute; try again in {wait_s} s.",
        wait_s,
    )


def _too_many_streams(share: Share) -> ServiceError:
    return _refusal(
        "too_many_streams",
        f"The {share.account} may have {share.streams} streams at once; end one, or try again.",
        _STREAM_WAIT_S,
    )


def _budget_spent(charge: Charge, wait_s: float) -> ServiceError:
    cap = format((Decimal(charge.cap) / 10**9).normalize(), "f")
    return _refusal(
        "insufficient_quota",
        f"The budget of {cap} USD a day of the {charge.account} does not cover this request; "
        "a new day begins at 00:00 UTC.",
        wait_s,
    )


def _price_unknown(model: str) -> ServiceError:
    return ServiceError(
        403,
        "price_unknown",
        f"The model {model[:80]!r} has no known price, so a budget cannot be kept; "
        "its operator can give it one under [[llm.prices]].",
        param="model",
    )

"""One call, counted once: its row, its cost, its metrics."""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.telemetry import Log, Meter
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.ports import CallRecord, UsageLog


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom calls are made; `deadline` and `began` are monotonic instants in seconds."""

    identity: Identity
    request_id: str
    deadline: float = math.inf
    began: float = 0.0


@dataclass(slots=True)
class CallTimer:
    """The times of one call to one provider, in monotonic seconds."""

    monotonic: Callable[[], float]
    begin: float = field(init=False)
    first_token: float | None = None
    ended: float | None = None

    @property
    def waited_s(self) -> float:
        """Return the time until the provider gave its first content, or failed."""
        until = self.first_token if self.first_token is not None else self.ended
        return 0.0 if until is None else until - self.begin

    def __post_init__(self) -> None:
        self.begin = self.monotonic()

    def saw_content(self) -> None:
        """Note the instant of the first content, once."""
        if self.first_token is None:
            self.first_token = self.monotonic()


@dataclass(frozen=True, slots=True)
class LastCall:
    """How the last call to a provider ended, and when (seconds since 1970)."""

    at: float
    outcome: str
    error_type: str


class Accounting:
    """Writes the row of each call and counts it in the metrics."""

    def __init__(
        self,
        prices: PriceTable,
        rows: UsageLog,
        meter: Meter,
        log: Log,
        *,
        new_id: Callable[[], str],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prices = prices
        self._rows = rows
        self._meter = meter
        self._log = log
        self._new_id = new_id
        self._clock = clock
        self._monotonic = monotonic
        self.last: dict[str, LastCall] = {}

    def timer(self) -> CallTimer:
        """Return a timer that runs from now."""
        return CallTimer(self._monotonic)

    def settle(
        self,
        caller: Caller,
        target: Target,
        timer: CallTimer,
        usage: Usage,
        *,
        operation: str,
        requested_model: str,
        outcome: str,
        error_type: str = "",
        stream: bool = False,
    ) -> Decimal | None:
        """Store the row of an ended call, count it and return its cost in US dollars, None if unpriced.

        Nothing used costs nothing, even unpriced.
        """
        now, ended = self._clock(), self._monotonic()
        timer.ended = ended
        self.last[target.provider] = LastCall(now, outcome, error_type)
        used = bool(usage.prompt or usage.completion)
        cost = self._cost(target, usage, now) if used else Decimal(0)
        first = None if timer.first_token is None else timer.first_token - timer.begin
        self._rows.record(
            CallRecord(
                id=self._new_id(),
                at=now,
                tenant=caller.identity.tenant,
                user=caller.identity.user,
                request_id=caller.request_id,
                operation=operation,
                requested_model=requested_model,
                provider=target.provider,
                model=target.model,
                usage=usage,
                cost_usd=cost,
                latency_ms=(ended - timer.begin) * 1000,
                first_token_ms=None if first is None else first * 1000,
                outcome=outcome,
                error_type=error_type,
                stream=stream,
            )
        )
        names = {"provider": target.provider, "model": target.model}
        meter = self._meter
        meter.counter(
            "llm_calls_total", **names, operation=operation, outcome=outcome, error_type=error_type
        ).inc()
        meter.histogram("llm_call_duration_seconds", **names).observe(ended - timer.begin)
        self._count_tokens(names, usage)
        if cost is None:
            meter.counter("llm_cost_unknown_total", provider=target.provider).inc()
        elif cost:
            meter.counter("llm_cost_usd_total", **names).inc(float(cost))
        if timer.first_token is not None:
            self._observe_pace(names, timer.first_token - timer.begin, ended - timer.first_token, usage)
        return cost

    def fell_back(self, origin: str, target: str) -> None:
        """Count that `target` answered in place of `origin`."""
        self._meter.counter("llm_fallbacks_total", **{"from": origin, "to": target}).inc()
        self._log.warning(
            "provider.replaced",
            message=f"{target} answers in place of {origin}.",
            provider=origin,
            replacement=target,
        )

    def added(self, began: float, timers: Iterable[CallTimer]) -> None:
        """Count the time that a request which began at `began` spent in this gateway itself."""
        took = self._monotonic() - began - sum(timer.waited_s for timer in timers)
        self._meter.histogram("llm_overhead_seconds").observe(max(0.0, took))

    def _cost(self, target: Target, usage: Usage, now: float) -> Decimal | None:
        price = self._prices.find(target.provider, target.model, datetime.fromtimestamp(now, UTC).date())
        return None if price is None else price.cost(usage)

    def _count_tokens(self, names: Mapping[str, str], usage: Usage) -> None:
        for kind in ("prompt", "completion", "cached", "reasoning"):
            count = getattr(usage, kind)
            if count:
                self._meter.counter("llm_tokens_total", **names, kind=kind).inc(count)

    def _observe_pace(self, names: Mapping[str, str], first_s: float, rest_s: float, usage: Usage) -> None:
        self._meter.histogram("llm_time_to_first_token_seconds", **names).observe(first_s)
        if usage.completion > 1:
            pace = rest_s / (usage.completion - 1)
            self._meter.histogram("llm_time_per_output_token_seconds", **names).observe(pace)

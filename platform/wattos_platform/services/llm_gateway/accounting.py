"""One call, counted once: its row, its cost, its metrics."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.telemetry import Log
from wattos_platform.kernel.timestamps import utc_day
from wattos_platform.services.llm_gateway.call_meters import CallMeters
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.ports import CallRecord, UsageLog
from wattos_platform.services.llm_gateway.quotas import Spending


class Caller(msgspec.Struct, frozen=True):
    """For whom calls are made; `deadline` and `began` are monotonic instants in seconds.

    `operation` is what rows and metrics call the request: chat, responses, messages, completions, embeddings.
    `spending` sums what the calls made for it use.
    """

    identity: Identity
    request_id: str
    deadline: float = math.inf
    began: float = 0.0
    operation: str = "chat"
    spending: Spending = msgspec.field(default_factory=Spending)


class CallTimer:
    """The times of one call to one provider, in monotonic seconds."""

    __slots__ = ("begin", "ended", "first_token", "monotonic")

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self.begin = monotonic()
        self.first_token: float | None = None
        self.ended: float | None = None

    @property
    def waited_s(self) -> float:
        """Return the time until the provider gave its first content, or failed."""
        until = self.first_token if self.first_token is not None else self.ended
        return 0.0 if until is None else until - self.begin

    @property
    def first_s(self) -> float | None:
        """Return the time until the first content of a stream, None where there was none."""
        return None if self.first_token is None else self.first_token - self.begin

    def saw_content(self) -> None:
        """Note the instant of the first content, once."""
        if self.first_token is None:
            self.first_token = self.monotonic()


class LastCall(msgspec.Struct, frozen=True, gc=False):
    """How the last call to a provider ended, and when (seconds since 1970)."""

    at: float
    outcome: str
    error_type: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: ok, error, cancelled, truncated or cached, and the fault's domain if there is one."""

    name: str = "ok"
    error_type: str = ""


OK = Outcome()
CALLER_GONE = Outcome("cancelled", "caller_gone")
TRUNCATED = Outcome("truncated", "provider_truncated")
CACHED = Outcome("cached")
LOST = Outcome("truncated", "platform_ended")


class Accounting:
    """Writes the row of each call and counts it in the metrics."""

    def __init__(
        self,
        prices: PriceTable,
        rows: UsageLog,
        meters: CallMeters,
        log: Log,
        *,
        new_id: Callable[[], str],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.prices = prices
        self._rows = rows
        self.meters = meters
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
        requested_model: str,
        outcome: Outcome = OK,
        stream: bool = False,
        served: str = "",
        call_id: str = "",
    ) -> int | None:
        """Store the row of an ended call, count it and return its cost in pico-dollars, None if unpriced.

        Nothing used costs nothing, even unpriced. `served` is the model that answered, where the target's
        name may hide that: its price holds. `call_id` is the row's, where somebody knows the call already.
        """
        now = self._clock()
        ended = timer.ended = self._monotonic()
        if outcome is not CACHED:
            self.last[target.provider] = LastCall(now, outcome.name, outcome.error_type)
        took_s, first_s = ended - timer.begin, timer.first_s
        cost = self._cost(target, usage, now, served)
        caller.spending.add(usage, cost)
        row = _row(
            caller, target, usage, cost, outcome, call_id=call_id or self._new_id(), at=now,
            requested_model=requested_model, took_s=took_s, first_s=first_s, stream=stream,
        )  # fmt: skip
        self._rows.record(row)
        labels = (target.provider, target.model, caller.operation, outcome.name, outcome.error_type)
        self.meters.of(labels).count(usage, cost, took_s, first_s)
        return cost

    def cost(self, target: Target, usage: Usage, served: str = "") -> int | None:
        """Return in pico-dollars what a call costs that ends now, None if unpriced; see `settle`."""
        return self._cost(target, usage, self._clock(), served)

    def so_far(
        self,
        caller: Caller,
        target: Target,
        timer: CallTimer,
        usage: Usage,
        *,
        requested_model: str,
        served: str,
        call_id: str,
    ) -> CallRecord:
        """Return the row of a running stream as it shall be if nobody ever ends it."""
        now, took_s = self._clock(), self._monotonic() - timer.begin
        cost = self._cost(target, usage, now, served)
        return _row(
            caller, target, usage, cost, LOST, call_id=call_id, at=now,
            requested_model=requested_model, took_s=took_s, first_s=timer.first_s, stream=True,
        )  # fmt: skip

    def fell_back(self, origin: str, target: str) -> None:
        """Count that `target` answered in place of `origin`."""
        self.meters.fell_back(origin, target)
        self._log.warning(
            "provider.replaced",
            message=f"{target} answers in place of {origin}.",
            provider=origin,
            replacement=target,
        )

    def added(self, began: float, timers: Iterable[CallTimer]) -> None:
        """Count the time that a request which began at `began` spent in this gateway itself."""
        took = self._monotonic() - began
        for timer in timers:
            took -= timer.waited_s
        self.meters.overhead.observe(max(0.0, took))

    def _cost(self, target: Target, usage: Usage, now: float, served: str) -> int | None:
        if not (usage.prompt or usage.completion):
            return 0
        price = self.prices.find(target.provider, target.model, utc_day(now), served)
        return None if price is None else price.pico_usd(usage)


def _row(
    caller: Caller,
    target: Target,
    usage: Usage,
    cost: int | None,
    outcome: Outcome,
    *,
    call_id: str,
    at: float,
    requested_model: str,
    took_s: float,
    first_s: float | None,
    stream: bool,
) -> CallRecord:
    identity = caller.identity
    # By position: with so many names the interpreter would build a dictionary for each row.
    return CallRecord(
        call_id,
        at,
        identity.tenant,
        identity.user,
        caller.request_id,
        caller.operation,
        requested_model,
        target.provider,
        target.model,
        usage,
        cost,
        took_s * 1000,
        None if first_s is None else first_s * 1000,
        outcome.name,
        outcome.error_type,
        stream,
    )

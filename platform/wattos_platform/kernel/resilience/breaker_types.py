"""What a circuit breaker is set to, which states it has and what it tells others."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import Any

from wattos_platform.kernel.errors import ServiceError

_SERVER_ERROR = 500
_NEARBY_FIRST_WAIT_S = 5.0
_NEARBY_LONGEST_WAIT_S = 30.0
_ABOVE_ZERO = (
    "failure_threshold", "minimum_calls", "slow_call_s", "window_s", "half_open_permits", "half_open_max_s",
    "reset_timeout_s", "wait_cap_s", "retry_after_cap_s",
)  # fmt: skip


class State(StrEnum):
    """The states of a breaker; the last three are set by hand."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    DISABLED = "disabled"
    METRICS_ONLY = "metrics_only"


class Cause(StrEnum):
    """Why a breaker changed its state."""

    CONSECUTIVE_FAILURES = "consecutive_failures"
    FAILURE_RATE = "failure_rate"
    SLOW_CALL_RATE = "slow_call_rate"
    RETRY_AFTER = "retry_after"
    WAIT_ELAPSED = "wait_elapsed"
    PROBES_PASSED = "probes_passed"
    PROBE_FAILED = "probe_failed"
    TTL_ELAPSED = "ttl_elapsed"
    MANUAL = "manual"


class Action(StrEnum):
    """What an operator may want of a breaker."""

    TRIP = "trip"
    RESET = "reset"
    DISABLE = "disable"
    OBSERVE = "observe"


STATE_OF = {
    Action.TRIP: State.FORCED_OPEN,
    Action.DISABLE: State.DISABLED,
    Action.OBSERVE: State.METRICS_ONLY,
}
"""The state each action sets; a reset closes."""
MANUAL = frozenset(STATE_OF.values())


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator wants of one breaker, and why.

    `ttl_s` seconds later the state ends by itself; `expires_at` (epoch seconds, None for no end) says the
    same for people and is not acted upon. `id` tells one order from the next.
    """

    action: Action
    reason: str = ""
    actor: str = ""
    ttl_s: float = inf
    expires_at: float | None = None
    id: str = ""


class BreakerOpen(Exception):  # noqa: N818 - the field's name for it
    """The breaker refuses the call; `retry_after_s` is the wait until it may be tried again."""

    def __init__(self, name: str, retry_after_s: float) -> None:
        super().__init__(name, retry_after_s)
        self.name = name
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"circuit breaker {self.name} is open, try again in {self.retry_after_s:.1f} s"


def counts_as_failure(error: BaseException) -> bool:
    """Say whether `error` speaks against the upstream.

    Not: errors of the caller (status below 500), and errors that bear `breaker_ignores = True` (a call that
    was shed, a deadline of our own that expired, another breaker's refusal).
    """
    if isinstance(error, BreakerOpen) or getattr(error, "breaker_ignores", False):
        return False
    if isinstance(error, ServiceError):
        return error.status >= _SERVER_ERROR
    return isinstance(error, Exception) and not isinstance(error, asyncio.CancelledError)


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a breaker opens and how it recovers; durations in seconds, rates from 0 to 1.

    `window_calls` > 0 takes the last so many calls instead of the last `window_s` seconds; `minimum_calls` is
    then at most as many. The wait while open is `reset_timeout_s * wait_growth ** reopenings`, times a random
    1 +- `jitter`, at most `wait_cap_s`. A failure whose exception or result has `retry_after_s` opens for
    exactly that long (at most `retry_after_cap_s`). `half_open_max_s`: probes that have not reported by then
    are taken for lost and their permits come back.
    """

    failure_threshold: int = 5
    failure_rate: float = 0.5
    minimum_calls: int = 10
    slow_call_s: float = inf
    slow_call_rate: float = 1.0
    window_s: float = 60.0
    window_calls: int = 0
    half_open_permits: int = 1
    half_open_max_s: float = 60.0
    reset_timeout_s: float = 60.0
    wait_growth: float = 2.0
    wait_cap_s: float = 600.0
    retry_after_cap_s: float = 3600.0
    jitter: float = 0.1
    is_failure: Callable[[BaseException], bool] = counts_as_failure
    is_failed_result: Callable[[Any], bool] | None = None

    def __post_init__(self) -> None:
        for name in _ABOVE_ZERO:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("failure_rate", "slow_call_rate"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be above 0 and at most 1, not {getattr(self, name)}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"jitter must be at least 0 and below 1, not {self.jitter}")
        if self.wait_growth < 1:
            raise ValueError(f"wait_growth must be at least 1, not {self.wait_growth}")
        if self.window_calls and self.minimum_calls > self.window_calls:
            object.__setattr__(self, "minimum_calls", self.window_calls)

    def nearby(self) -> "BreakerSettings":
        """Return these settings with short waits, for what runs on this machine: a probe disturbs nobody."""
        return replace(
            self,
            reset_timeout_s=min(self.reset_timeout_s, _NEARBY_FIRST_WAIT_S),
            wait_cap_s=min(self.wait_cap_s, _NEARBY_LONGEST_WAIT_S),
        )


@dataclass(frozen=True, slots=True)
class BreakerEvent:
    """One change of state; `retry_after_s` is 0 unless calls are now refused.

    `order` is the operator's when a person caused the change, None when the breaker did so itself.
    """

    name: str
    before: State
    after: State
    cause: Cause
    retry_after_s: float = 0.0
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class BreakerSnapshot:
    """What the CLI and /admin show of one breaker; ages in seconds, `cause` None before the first change."""

    name: str
    state: State
    cause: Cause | None
    in_state_s: float
    retry_after_s: float
    calls: int
    failure_rate: float
    slow_call_rate: float
    consecutive_failures: int
    refused: int
    order: Order | None

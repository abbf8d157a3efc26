"""Trying again: full jitter, a budget for the whole process, never beyond the deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from random import Random
from typing import TypeVar

from wattos_platform.kernel.context import try_current
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.breaker_types import BreakerOpen
from wattos_platform.kernel.resilience.deadline import MINIMUM_S, DeadlineExceeded
from wattos_platform.kernel.resilience.window import TimeWindow
from wattos_platform.kernel.telemetry import Meter, NullMeter

T = TypeVar("T")
_WORTH_RETRYING = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """Back-off and budget; durations in seconds. `max_attempts` counts the first one.

    Over `budget_window_s`, retries are at most `budget_ratio` of the calls, or `budget_floor` where that
    is more: a service with little traffic may still retry.
    """

    max_attempts: int = 3
    base_s: float = 0.2
    cap_s: float = 30.0
    growth: float = 2.0
    budget_ratio: float = 0.2
    budget_window_s: float = 10.0
    budget_floor: int = 3


def delay_s(attempt: int, settings: RetrySettings, rng: Random) -> float:
    """Return the wait before retry `attempt` (1-based), uniform in [0, min(cap, base * growth**(n-1))].

    In seconds. Raises ValueError if `attempt` < 1. Source: full jitter, AWS Architecture Blog, 2015.
    """
    if attempt < 1:
        raise ValueError(f"retries count from 1, not {attempt}")
    return rng.uniform(0, min(settings.cap_s, settings.base_s * settings.growth ** (attempt - 1)))


def worth_retrying(error: BaseException) -> bool:
    """Say whether the same call may go well a moment later.

    Connection errors, time-outs and the statuses 408, 425, 429, 502, 503, 504; not an open breaker, not a
    deadline of our own, not what the caller did wrong.
    """
    if isinstance(error, (BreakerOpen, DeadlineExceeded)) or getattr(error, "breaker_ignores", False):
        return False
    if isinstance(error, ServiceError):
        return error.status in _WORTH_RETRYING
    return isinstance(error, (ConnectionError, TimeoutError))


class RetryBudget:
    """Counts calls and retries of one target, so that retries never become the load that keeps it down."""

    __slots__ = ("_calls", "_retries", "_settings")

    def __init__(self, settings: RetrySettings) -> None:
        self._settings = settings
        self._calls = TimeWindow(settings.budget_window_s)
        self._retries = TimeWindow(settings.budget_window_s)

    def called(self, now: float) -> None:
        """Count a call's first attempt."""
        self._calls.add(now, failed=False, slow=False)

    def take(self, now: float) -> bool:
        """Count a retry and return True, or return False when the budget is used up."""
        self._calls.expire(now)
        self._retries.expire(now)
        allowed = max(self._settings.budget_floor, self._settings.budget_ratio * self._calls.calls)
        if self._retries.calls + 1 > allowed:
            return False
        self._retries.add(now, failed=False, slow=False)
        return True


class Retry:
    """Retries calls to one target. Only for idempotent calls, or streams of which no byte was delivered."""

    def __init__(
        self,
        target: str,
        settings: RetrySettings,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Random | None = None,
        meter: Meter | None = None,
        should_retry: Callable[[BaseException], bool] = worth_retrying,
    ) -> None:
        self.target = target
        self._settings = settings
        self._monotonic = monotonic
        self._sleep = sleep
        self._rng = rng or Random()  # noqa: S311 - spreads waits, guards nothing
        self._meter = meter or NullMeter()
        self._should_retry = should_retry
        self.budget = RetryBudget(settings)

    async def call(
        self,
        work: Callable[[int], Awaitable[T]],
        *,
        deadline: float = inf,
        max_attempts: int | None = None,
    ) -> T:
        """Return `await work(attempt)`, attempt counting from 0; its last error when no retry is left.

        The error's `retry_after_s`, if it has one, is the least wait; a wait that would end within 50 ms of
        `deadline` (monotonic) or after it fails at once. `max_attempts` is the settings', and 1 for a request
        that is itself a retry: one layer tries again, not each.
        """
        attempts = self._attempts() if max_attempts is None else max_attempts
        self.budget.called(self._monotonic())
        attempt = 0
        while True:
            try:
                result = await work(attempt)
            except Exception as error:
                if attempt:
                    self._count("failure")
                attempt += 1
                wait_s = self._wait_s(error, attempt, attempts, deadline)
                if wait_s is None:
                    raise
            else:
                if attempt:
                    self._count("success")
                return result
            await self._sleep(wait_s)

    def _attempts(self) -> int:
        request = try_current()
        return 1 if request is not None and request.attempt else self._settings.max_attempts

    def _wait_s(self, error: Exception, attempt: int, attempts: int, deadline: float) -> float | None:
        """Return how long to wait before retry `attempt`, None if there must be none."""
        if attempt >= attempts or not self._should_retry(error):
            return None
        wait_s = max(
            delay_s(attempt, self._settings, self._rng), getattr(error, "retry_after_s", None) or 0.0
        )
        now = self._monotonic()
        if now + wait_s + MINIMUM_S > deadline:
            return None
        if not self.budget.take(now):
            self._meter.counter("retry_budget_exhausted_total", target=self.target).inc()
            return None
        return wait_s

    def _count(self, outcome: str) -> None:
        self._meter.counter("retry_attempts_total", target=self.target, outcome=outcome).inc()

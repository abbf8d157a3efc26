"""The state machine of one circuit breaker. Not safe across threads: it belongs to one event loop.

A permit is the monotonic time at which it was given. A result whose permit is older than the present state is
late: it is counted but decides nothing, so that a slow failure from before the opening neither extends
the wait nor takes a probe's place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from random import Random
from typing import Any, TypeVar

from wattos_platform.kernel.resilience.breaker_types import (
    BreakerEvent,
    BreakerOpen,
    BreakerSettings,
    BreakerSnapshot,
    Cause,
    State,
)
from wattos_platform.kernel.resilience.window import CountWindow, TimeWindow, Window

T = TypeVar("T")
CLOSED, OPEN, HALF_OPEN = State.CLOSED, State.OPEN, State.HALF_OPEN
_NOTHING_REFUSED = frozenset({State.DISABLED, State.METRICS_ONLY})


class Breaker:
    """Guards calls to one upstream; `name` is `<kind>:<target>`, such as `hop:rag`.

    `call` wraps a coroutine. For streams, take `permit = allow()` and report exactly one of
    `success(permit)`, `failure(error, permit)` and `release(permit)` at the end. Clock: monotonic seconds.
    """

    __slots__ = (
        "_clock", "_consecutive", "_on_event", "_permits", "_probes_failed", "_probes_passed",
        "_probes_slow", "_reopenings", "_rng", "_since", "_state", "_until", "_window",
        "actor", "ignored", "name", "reason", "refused", "settings", "total_failures", "total_successes",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        settings: BreakerSettings,
        clock: Callable[[], float],
        *,
        rng: Random | None = None,
        on_event: Callable[[BreakerEvent], None] = lambda _event: None,
    ) -> None:
        self.name = name
        self.settings = settings
        self._clock = clock
        self._rng = rng or Random()  # noqa: S311 - spreads waits, guards nothing
        self._on_event = on_event
        self._state = CLOSED
        self._since = clock()
        self._until = inf
        self._window = self._new_window()
        self._consecutive = self._reopenings = 0
        self._permits = self._probes_passed = self._probes_failed = self._probes_slow = 0
        self.reason = self.actor = ""
        self.refused = self.total_successes = self.total_failures = self.ignored = 0

    @property
    def state(self) -> State:
        """Return the present state; an elapsed wait shows at the next call."""
        return self._state

    def allow(self) -> float:
        """Return a permit for one call; BreakerOpen if the call must not be made."""
        now = self._clock()
        if self._state is CLOSED or self._state in _NOTHING_REFUSED:
            return now
        return self._allow_carefully(now)

    def success(self, permit: float | None = None) -> None:
        """Report that the call of `permit` went well."""
        now = self._clock()
        self.total_successes += 1
        slow = permit is not None and now - permit >= self.settings.slow_call_s
        if self._state is CLOSED:
            window = self._window
            window.add(now, failed=False, slow=slow)
            self._consecutive = 0
            if window.failures or slow:
                self._judge(now)
        else:
            self._result(now, permit, failed=False, slow=slow)

    def failure(self, error: BaseException | None = None, permit: float | None = None) -> None:
        """Report that the call of `permit` ended with `error`; what does not count gives the permit back."""
        if error is not None and (
            isinstance(error, asyncio.CancelledError) or not self.settings.is_failure(error)
        ):
            self.ignored += 1
            self.release(permit)
            return
        now = self._clock()
        self.total_failures += 1
        slow = permit is not None and now - permit >= self.settings.slow_call_s
        if self._state is CLOSED:
            self._window.add(now, failed=True, slow=slow)
            if permit is not None and permit < self._since:
                return
            self._consecutive += 1
            wait = self._demanded_wait(error)
            if wait:
                self._open(now, Cause.RETRY_AFTER, wait)
            else:
                self._judge(now)
        else:
            self._result(now, permit, failed=True, slow=slow, wait=self._demanded_wait(error))

    def release(self, permit: float | None = None) -> None:
        """Give back the permit of a call that says nothing of the upstream: cancelled, shed, own fault."""
        if self._state is HALF_OPEN and self._permits > 0 and (permit is None or permit >= self._since):
            self._permits -= 1

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return `await work()` and report how it ended; BreakerOpen without calling `work` when open."""
        permit = self.allow()
        try:
            result = await work()
        except BaseException as error:
            self.failure(error, permit)
            raise
        failed = self.settings.is_failed_result
        if failed is not None and failed(result):
            self.failure(None, permit)
        else:
            self.success(permit)
        return result

    def trip(self, *, reason: str = "", actor: str = "", ttl_s: float = inf) -> None:
        """Refuse every call until `reset` or for `ttl_s` seconds, after which a probe decides."""
        now = self._clock()
        self._until = now + ttl_s
        self._change(now, State.FORCED_OPEN, Cause.MANUAL, reason=reason, actor=actor)

    def reset(self, *, reason: str = "", actor: str = "") -> None:
        """Close and forget: window, failures in a row, grown wait."""
        self._close(self._clock(), Cause.MANUAL, reason=reason, actor=actor)

    def disable(self, *, reason: str = "", actor: str = "") -> None:
        """Let every call through and remember nothing."""
        self._change(self._clock(), State.DISABLED, Cause.MANUAL, reason=reason, actor=actor)

    def observe_only(self, *, reason: str = "", actor: str = "") -> None:
        """Let every call through, keep the rates."""
        self._change(self._clock(), State.METRICS_ONLY, Cause.MANUAL, reason=reason, actor=actor)

    def snapshot(self) -> BreakerSnapshot:
        """Return what there is to show now."""
        now = self._clock()
        window = self._window
        window.expire(now)
        calls = window.calls or 1
        return BreakerSnapshot(
            name=self.name,
            state=self._state,
            in_state_s=now - self._since,
            retry_after_s=self._retry_after(now) if self._state in (OPEN, State.FORCED_OPEN) else 0.0,
            calls=window.calls,
            failure_rate=window.failures / calls,
            slow_call_rate=window.slow / calls,
            consecutive_failures=self._consecutive,
            refused=self.refused,
            reason=self.reason,
            actor=self.actor,
        )

    def _allow_carefully(self, now: float) -> float:
        if self._state is not HALF_OPEN and now >= self._until:
            cause = Cause.WAIT_ELAPSED if self._state is OPEN else Cause.TTL_ELAPSED
            self._begin_probing(now, cause)
        if self._state is HALF_OPEN:
            if now - self._since >= self.settings.half_open_max_s:
                # Probes that never reported are lost; their late results no longer count.
                self._restart_probing(now)
            if self._permits < self.settings.half_open_permits:
                self._permits += 1
                return now
        self.refused += 1
        raise BreakerOpen(self.name, self._retry_after(now))

    def _retry_after(self, now: float) -> float:
        if self._state is HALF_OPEN:
            return max(0.0, self._since + self.settings.half_open_max_s - now)
        # A trip without an end has no time to name; a minute keeps clients from hammering.
        return self.settings.reset_timeout_s if self._until == inf else max(0.0, self._until - now)

    def _judge(self, now: float) -> None:
        """Open if the window or the failures in a row say so."""
        settings, window = self.settings, self._window
        if self._consecutive >= settings.failure_threshold:
            self._open(now, Cause.CONSECUTIVE_FAILURES)
        elif window.calls >= settings.minimum_calls:
            if window.failures >= settings.failure_rate * window.calls:
                self._open(now, Cause.FAILURE_RATE)
            elif window.slow >= settings.slow_call_rate * window.calls:
                self._open(now, Cause.SLOW_CALL_RATE)

    def _result(
        self, now: float, permit: float | None, *, failed: bool, slow: bool, wait: float = 0.0
    ) -> None:
        """Take the result of a call that ended while the breaker was not closed."""
        if self._state is State.METRICS_ONLY:
            self._window.add(now, failed=failed, slow=slow)
        late = permit is not None and permit < self._since
        if self._state is not HALF_OPEN or late or self._permits == 0:
            return
        self._probes_failed += failed
        self._probes_passed += not failed
        self._probes_slow += slow
        settings = self.settings
        done = self._probes_failed + self._probes_passed
        if wait:
            self._open(now, Cause.RETRY_AFTER, wait)
        elif done >= settings.half_open_permits:
            bad = max(
                self._probes_failed / settings.failure_rate, self._probes_slow / settings.slow_call_rate
            )
            if bad >= done:
                self._open(now, Cause.PROBE_FAILED)
            else:
                self._close(now, Cause.PROBES_PASSED)

    def _demanded_wait(self, error: BaseException | None) -> float:
        wait = getattr(error, "retry_after_s", None)
        return min(wait, self.settings.retry_after_cap_s) if wait and wait > 0 else 0.0

    def _open(self, now: float, cause: Cause, wait_s: float = 0.0) -> None:
        settings = self.settings
        if self._state is HALF_OPEN:
            self._reopenings += 1
        if not wait_s:
            growth = settings.wait_growth ** min(self._reopenings, 64)
            spread = 1 + settings.jitter * self._rng.uniform(-1, 1)
            wait_s = min(settings.reset_timeout_s * growth * spread, settings.wait_cap_s)
        self._until = now + wait_s
        self._change(now, OPEN, cause)

    def _close(self, now: float, cause: Cause, *, reason: str = "", actor: str = "") -> None:
        self._window = self._new_window()
        self._consecutive = self._reopenings = 0
        self._until = inf
        self._change(now, CLOSED, cause, reason=reason, actor=actor)

    def _begin_probing(self, now: float, cause: Cause) -> None:
        self._change(now, HALF_OPEN, cause)
        self._restart_probing(now)

    def _restart_probing(self, now: float) -> None:
        self._since = now
        self._permits = self._probes_passed = self._probes_failed = self._probes_slow = 0

    def _change(self, now: float, state: State, cause: Cause, *, reason: str = "", actor: str = "") -> None:
        before, self._state, self._since = self._state, state, now
        self.reason, self.actor = reason, actor
        refusing = state in (OPEN, State.FORCED_OPEN)
        wait = self._retry_after(now) if refusing else 0.0
        self._on_event(BreakerEvent(self.name, before, state, cause, wait, reason, actor))

    def _new_window(self) -> Window:
        settings: Any = self.settings
        return CountWindow(settings.window_calls) if settings.window_calls else TimeWindow(settings.window_s)

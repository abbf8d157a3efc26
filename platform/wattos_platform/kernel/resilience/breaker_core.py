"""The state machine of one circuit breaker. Not safe across threads: it belongs to one event loop.

A permit is the monotonic time at which it was given. A result whose permit is older than the present state is
late: it is counted but decides nothing, so that a slow failure from before the opening neither extends
the wait nor takes a probe's place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from random import Random
from typing import TypeVar

from wattos_platform.kernel.resilience.breaker_probes import Probes
from wattos_platform.kernel.resilience.breaker_rates import cause_to_open, new_window
from wattos_platform.kernel.resilience.breaker_types import (
    MANUAL,
    STATE_OF,
    Action,
    BreakerEvent,
    BreakerOpen,
    BreakerSettings,
    BreakerSnapshot,
    Cause,
    Order,
    State,
)

T = TypeVar("T")
CLOSED, OPEN, HALF_OPEN = State.CLOSED, State.OPEN, State.HALF_OPEN
_PROBING_S = 1.0
_NOTHING_REFUSED = frozenset({CLOSED, State.DISABLED, State.METRICS_ONLY})


class Breaker:
    """Guards calls to one upstream; `name` is `<kind>:<target>`, such as `hop:rag`.

    `call` wraps a coroutine. For streams, take `permit = allow()` and report exactly one of
    `success(permit)`, `failure(error, permit)` and `release(permit)` at the end. Clock: monotonic seconds.
    """

    __slots__ = (
        "_cause", "_clock", "_consecutive", "_on_event", "_order", "_probes", "_reopenings", "_rng", "_since",
        "_state", "_until", "_window", "ignored", "name", "refused", "settings", "total_failures",
        "total_successes",
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
        self._window = new_window(settings)
        self._consecutive = self._reopenings = 0
        self._probes = Probes(settings)
        self._cause: Cause | None = None
        self._order: Order | None = None
        self.refused = self.total_successes = self.total_failures = self.ignored = 0

    @property
    def state(self) -> State:
        """Return the present state; an elapsed wait shows at the next call."""
        return self._state

    def allow(self) -> float:
        """Return a permit for one call; BreakerOpen if the call must not be made."""
        now = self._clock()
        return now if self._state is CLOSED else self._allow_carefully(now)

    def success(self, permit: float | None = None, *, took_s: float | None = None) -> None:
        """Report that the call of `permit` went well.

        `took_s` is how long the upstream took where that is not the time since the permit: a stream's first
        byte says whether the upstream is slow, its end says how much there was to tell.
        """
        now = self._clock()
        self.total_successes += 1
        slow = self._is_slow(now, permit, took_s)
        if self._state is CLOSED:
            window = self._window
            window.add(now, failed=False, slow=slow)
            self._consecutive = 0
            if window.failures or slow:
                self._judge(now)
        else:
            self._result(now, permit, failed=False, slow=slow)

    def failure(
        self,
        error: BaseException | None = None,
        permit: float | None = None,
        *,
        took_s: float | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Report that the call of `permit` failed; an error that does not count gives the permit back.

        `retry_after_s`, or the attribute of that name of `error`, is the wait that the upstream asked for.
        """
        if error is not None:
            if isinstance(error, asyncio.CancelledError) or not self.settings.is_failure(error):
                self.ignored += 1
                self.release(permit)
                return
            retry_after_s = retry_after_s or getattr(error, "retry_after_s", None)
        now = self._clock()
        self.total_failures += 1
        slow = self._is_slow(now, permit, took_s)
        wait = min(retry_after_s, self.settings.retry_after_cap_s) if retry_after_s else 0.0
        if self._state is not CLOSED:
            self._result(now, permit, failed=True, slow=slow, wait=wait)
            return
        self._window.add(now, failed=True, slow=slow)
        if permit is not None and permit < self._since:
            return
        self._consecutive += 1
        if wait > 0:
            self._open(now, Cause.RETRY_AFTER, wait)
        else:
            self._judge(now)

    def release(self, permit: float | None = None) -> None:
        """Give back the permit of a call that says nothing of the upstream: cancelled, shed, own fault."""
        if self._state is HALF_OPEN and (permit is None or permit >= self._since):
            self._probes.give_back()

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
            self.failure(None, permit, retry_after_s=getattr(result, "retry_after_s", None))
        else:
            self.success(permit)
        return result

    def trip(self, *, reason: str = "", actor: str = "", ttl_s: float = inf) -> None:
        """Refuse every call until `reset` or for `ttl_s` seconds, after which a probe decides."""
        self.obey(Order(Action.TRIP, reason, actor, ttl_s))

    def reset(self, *, reason: str = "", actor: str = "") -> None:
        """Close and forget: window, failures in a row, grown wait."""
        self.obey(Order(Action.RESET, reason, actor))

    def obey(self, order: Order) -> None:
        """Take the state that an operator wants, for `order.ttl_s` seconds or until the next order.

        `trip` refuses every call; when its time is over, a probe decides. `disable` lets every call through
        and remembers nothing, `observe` lets every call through and keeps the rates; both end closed.
        """
        now = self._clock()
        if order.action is Action.RESET:
            self._close(now, Cause.MANUAL, order)
            return
        if order.action is not Action.TRIP:
            self._window = new_window(self.settings)
            self._consecutive = 0
        self._until = now + order.ttl_s
        self._change(now, STATE_OF[order.action], Cause.MANUAL, order)

    def settle(self) -> None:
        """End a state that was set by hand if its time is over; otherwise the next call does."""
        now = self._clock()
        if self._state in MANUAL and now >= self._until:
            self._leave(now)

    def snapshot(self) -> BreakerSnapshot:
        """Return what there is to show now."""
        self.settle()
        now = self._clock()
        window = self._window
        window.expire(now)
        calls = window.calls or 1
        return BreakerSnapshot(
            name=self.name,
            state=self._state,
            cause=self._cause,
            in_state_s=now - self._since,
            retry_after_s=self._retry_after(now) if self._state in (OPEN, State.FORCED_OPEN) else 0.0,
            calls=window.calls,
            failure_rate=window.failures / calls,
            slow_call_rate=window.slow / calls,
            consecutive_failures=self._consecutive,
            refused=self.refused,
            order=self._order,
        )

    def _is_slow(self, now: float, permit: float | None, took_s: float | None) -> bool:
        if took_s is not None:
            return took_s >= self.settings.slow_call_s
        return permit is not None and now - permit >= self.settings.slow_call_s

    def _allow_carefully(self, now: float) -> float:
        if now >= self._until:
            self._leave(now)
        if self._state in _NOTHING_REFUSED:
            return now
        if self._state is HALF_OPEN:
            if now - self._since >= self.settings.half_open_max_s:
                # Probes that never reported are lost; their late results no longer count.
                self._restart_probing(now)
            if self._probes.admit():
                return now
        self.refused += 1
        raise BreakerOpen(self.name, self._retry_after(now))

    def _leave(self, now: float) -> None:
        """Leave a state whose time is over: what refused calls probes, what let all through closes."""
        if self._state is OPEN:
            self._begin_probing(now, Cause.WAIT_ELAPSED)
        elif self._state is State.FORCED_OPEN:
            self._begin_probing(now, Cause.TTL_ELAPSED)
        else:
            self._close(now, Cause.TTL_ELAPSED)

    def _retry_after(self, now: float) -> float:
        if self._state is HALF_OPEN:
            # The probe under way decides soon.
            return min(_PROBING_S, max(0.0, self._since + self.settings.half_open_max_s - now))
        # A trip without an end has no time to name; a minute keeps clients from hammering.
        return self.settings.reset_timeout_s if self._until == inf else max(0.0, self._until - now)

    def _judge(self, now: float) -> None:
        """Open if the window or the failures in a row say so."""
        cause = cause_to_open(self._window, self._consecutive, self.settings)
        if cause is not None:
            self._open(now, cause)

    def _result(
        self, now: float, permit: float | None, *, failed: bool, slow: bool, wait: float = 0.0
    ) -> None:
        """Take the result of a call that ended while the breaker was not closed."""
        if self._state is State.METRICS_ONLY:
            self._window.add(now, failed=failed, slow=slow)
        late = permit is not None and permit < self._since
        if self._state is not HALF_OPEN or late or not self._probes.under_way:
            return
        self._probes.take(failed=failed, slow=slow)
        if wait:
            self._open(now, Cause.RETRY_AFTER, wait)
        elif (well := self._probes.verdict()) is not None:
            if well:
                self._close(now, Cause.PROBES_PASSED)
            else:
                self._open(now, Cause.PROBE_FAILED)

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

    def _close(self, now: float, cause: Cause, order: Order | None = None) -> None:
        self._window = new_window(self.settings)
        self._consecutive = self._reopenings = 0
        self._until = inf
        self._change(now, CLOSED, cause, order)

    def _begin_probing(self, now: float, cause: Cause) -> None:
        self._until = inf
        self._change(now, HALF_OPEN, cause)
        self._restart_probing(now)

    def _restart_probing(self, now: float) -> None:
        self._since = now
        self._probes.restart()

    def _change(self, now: float, state: State, cause: Cause, order: Order | None = None) -> None:
        before, self._state, self._since = self._state, state, now
        self._cause, self._order = cause, order
        refusing = state in (OPEN, State.FORCED_OPEN)
        wait = self._retry_after(now) if refusing else 0.0
        self._on_event(BreakerEvent(self.name, before, state, cause, wait, order))

"""The breaker against an independent model that remembers every call in a plain list."""

from math import inf

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.fakes.kernel.clock import FakeClock
from wattos_platform.kernel.resilience.breaker import (
    Action,
    Breaker,
    BreakerOpen,
    BreakerSettings,
    Order,
    State,
)

SETTINGS = BreakerSettings(
    failure_threshold=4,
    failure_rate=0.5,
    minimum_calls=6,
    window_s=10,
    half_open_permits=2,
    half_open_max_s=20,
    reset_timeout_s=8,
    wait_growth=2,
    wait_cap_s=30,
    jitter=0,
)

ORDERED = {Action.TRIP: "forced_open", Action.DISABLE: "disabled", Action.OBSERVE: "metrics_only"}


class BreakerMachine(RuleBasedStateMachine):
    """Calls overlap: each is begun by one rule and ended by another, in any order, or never.

    In between an operator trips, disables, observes and resets, for a time or until the next order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(100.0)
        self.breaker = Breaker("m", SETTINGS, self.clock)
        self.running: list[tuple[float, int]] = []
        # The model: each state has an epoch, and a permit belongs to the epoch it was given in.
        self.state = "closed"
        self.epoch = 0
        self.ended: list[tuple[int, bool]] = []
        self.in_a_row = 0
        self.reopenings = 0
        self.due = inf
        self.probing_since = 0.0
        self.probes_out = 0
        self.probes: list[bool] = []

    def go(self, state: str) -> None:
        self.state = state
        self.epoch += 1
        if state == "closed":
            self.ended, self.in_a_row, self.reopenings, self.due = [], 0, 0, inf
        if state == "half_open":
            self.due = inf
        if state == "half_open":
            self.probing_since, self.probes_out, self.probes = self.clock.now, 0, []

    def open(self) -> None:
        if self.state == "half_open":
            self.reopenings += 1
        self.due = self.clock.now + min(30, 8 * 2**self.reopenings)
        self.go("open")

    @rule(seconds=st.integers(1, 12))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def begin(self) -> None:
        if self.clock.now >= self.due and self.state in {"open", "forced_open"}:
            self.go("half_open")
        if self.clock.now >= self.due and self.state in {"disabled", "metrics_only"}:
            self.go("closed")
        if self.state == "half_open" and self.clock.now - self.probing_since >= 20:
            self.go("half_open")
        refuses = {"open": True, "forced_open": True, "half_open": self.probes_out >= 2}
        allowed = not refuses.get(self.state, False)
        try:
            permit = self.breaker.allow()
        except BreakerOpen:
            assert not allowed
        else:
            assert allowed
            self.probes_out += 1
            self.running.append((permit, self.epoch))
            # Permits are instants: the next thing happens later.
            self.clock.advance(0.001)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), ok=st.booleans())
    def end(self, data: st.DataObject, ok: bool) -> None:
        permit, epoch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        if ok:
            self.breaker.success(permit)
        else:
            self.breaker.failure(ConnectionError(), permit)
        if self.state == "closed":
            self.ended.append((int(self.clock.now), ok))
            if ok:
                self.in_a_row = 0
            elif epoch == self.epoch:
                self.in_a_row += 1
            if epoch == self.epoch or ok:
                self.judge()
        elif self.state == "metrics_only":
            self.ended.append((int(self.clock.now), ok))
        elif self.state == "half_open" and epoch == self.epoch:
            self.probes.append(ok)
            if len(self.probes) == 2:
                self.go("closed") if all(self.probes) else self.open()
        self.clock.advance(0.001)

    def judge(self) -> None:
        recent = [ok for second, ok in self.ended if int(self.clock.now) - second < 10]
        failed = recent.count(False)
        if self.in_a_row >= 4 or (len(recent) >= 6 and failed and failed >= 0.5 * len(recent)):
            self.open()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        permit, epoch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self.breaker.release(permit)
        if self.state == "half_open" and epoch == self.epoch:
            self.probes_out -= 1

    @precondition(lambda self: self.running)
    @rule()
    def lose(self) -> None:
        self.running.pop()

    @rule()
    def reset(self) -> None:
        self.clock.advance(0.001)
        self.breaker.reset()
        self.go("closed")
        self.clock.advance(0.001)

    @rule(
        action=st.sampled_from([Action.TRIP, Action.DISABLE, Action.OBSERVE]),
        ttl_s=st.integers(1, 15) | st.none(),
    )
    def order(self, action: Action, ttl_s: int | None) -> None:
        self.clock.advance(0.001)
        self.breaker.obey(Order(action, "drill", "ann", inf if ttl_s is None else ttl_s))
        if action is not Action.TRIP:
            self.ended, self.in_a_row = [], 0
        self.go(ORDERED[action])
        self.due = self.clock.now + (inf if ttl_s is None else ttl_s)
        self.clock.advance(0.001)

    @invariant()
    def same_state(self) -> None:
        assert str(self.breaker.state) == self.state

    @invariant()
    def same_window(self) -> None:
        if self.state in {"closed", "metrics_only", "disabled"} and self.clock.now < self.due:
            recent = [ok for second, ok in self.ended if int(self.clock.now) - second < 10]
            assert self.breaker.snapshot().calls == len(recent)

    @invariant()
    def an_open_one_says_when(self) -> None:
        if self.breaker.state is State.OPEN:
            wait = self.breaker.snapshot().retry_after_s
            assert wait == max(0, self.due - self.clock.now)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=150, stateful_step_count=60)

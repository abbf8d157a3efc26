"""The transitions that resilience4j's own tests ask for, as one table.

The rows come from CircuitBreakerStateMachineTest, CircuitBreakerAutoTransitionStateMachineTest,
CircuitBreakerMetricsTest, CircuitBreakerExceptionHandlingTest, CircuitBreakerUtilIsCallPermittedTest and
CircuitBreakerConfigTest (resilience4j-circuitbreaker/src/test); a row's name is that of the test. Results as
failures (CircuitBreakerResultHandlingTest) and calls in flight (CircuitBreakerTest) are in test_breaker.py.

Ours differs on purpose: when the longest time in half-open is over, the lost probes' permits come back
instead of another wait; an exception that does not count is ignored, never a success; no state can be set to
open or half-open by hand, so rows reach them the way calls do; a trip may end by itself.
"""

from dataclasses import replace

import pytest

from tests.fakes.kernel.clock import FakeClock
from wattos_platform.kernel.resilience.breaker import Action, Breaker, BreakerOpen, BreakerSettings, Order

BASE = BreakerSettings(
    failure_threshold=1000,
    failure_rate=0.5,
    minimum_calls=5,
    slow_call_s=4,
    slow_call_rate=0.5,
    window_s=20,
    half_open_permits=4,
    half_open_max_s=100,
    reset_timeout_s=5,
    wait_growth=1,
    jitter=0,
    is_failure=lambda error: not isinstance(error, ArithmeticError),
)

# Words of a row: ok fail slow slowfail ignored (whole calls), begin (a call that stays under way), end (those
# under way end well) endfail, release (one of them says nothing), refused (a call that must be), +N (seconds
# pass), opened (fails until open), half (opened, then the wait), trip[:ttl] disable observe reset (by hand),
# look (somebody looks), =STATE, calls:N (in the window).
ROWS = {
    "shouldThrowCallNotPermittedExceptionWhenStateIsOpen": "opened refused =open",
    "shouldThrowCallNotPermittedExceptionWhenStateIsForcedOpen": "trip refused =forced_open",
    "shouldIncreaseCounterOnReleasePermission": (
        "half begin begin begin begin refused refused release begin refused"
    ),
    "shouldThrowCallNotPermittedExceptionWhenNotFurtherTestCallsArePermitted": (
        "half begin begin begin begin refused"
    ),
    "shouldOnlyPermitFourCallsInHalfOpenState": (
        "half begin begin begin begin refused refused endfail =open"
        " +5 begin begin begin begin refused refused =half_open"
    ),
    "shouldOpenAfterFailureRateThresholdExceeded": (
        "ok =closed reset fail fail fail ok =closed ok =open calls:5 refused"
    ),
    "shouldOpenAfterFailureRateThresholdExceeded2": (
        "ok +1 ok +1 ok +1 fail +1 fail =closed +1 =closed fail =open"
    ),
    "shouldOpenAfterSlowCallRateThresholdExceeded": "slowfail slow fail ok =closed slow =open calls:5",
    "shouldOpenAfterSlowCallRateThresholdExceededUsingMockClock": (
        "begin +5 end begin +5 end ok ok =closed begin +5 end =open calls:5"
    ),
    "shouldTransitionToHalfOpenAfterWaitDuration": "opened refused +3 =open refused +3 begin =half_open",
    "shouldTransitionToHalfOpenAfterPassedWaitDuration": (
        "trip:7200 refused +3600 refused =forced_open +3601 begin =half_open"
    ),
    "shouldTransitionToHalfOpenAfterPassedWaitUntil": (
        "trip:1800 refused +900 refused =forced_open +901 begin =half_open"
    ),
    "shouldTransitionToHalfOpenAfterWaitInterval": (
        "opened refused +3 refused +3 begin =half_open endfail =open +6 refused +5 begin =half_open"
    ),
    "shouldTransitionBackToOpenStateWhenFailureRateIsAboveThreshold": (
        "half fail =half_open fail ok =half_open fail =open refused"
    ),
    "shouldTransitionBackToOpenStateWhenSlowCallRateIsAboveThreshold": (
        "half slow slow slow =half_open ok =open"
    ),
    "shouldTransitionBackToClosedStateWhenFailureIsBelowThreshold": (
        "half fail ok ok =half_open ok =closed calls:0 ok calls:1"
    ),
    "shouldResetMetrics": "ok fail calls:2 reset calls:0 =closed",
    "shouldDisableCircuitBreaker": "disable ok fail fail fail fail fail fail =disabled calls:0",
    "shouldForceOpenCircuitBreaker": "trip refused +6 refused =forced_open calls:0",
    "shouldReleasePermissionWhenExceptionIgnored": (
        "half ok =half_open ok ok =half_open ignored =half_open fail =closed"
    ),
    "shouldIgnoreExceptionsAndThenTransitionToClosed": (
        "half ignored ignored ignored ignored =half_open ok ok ok =half_open ok =closed"
    ),
    "shouldResetToClosedState": "opened reset =closed begin",
    "shouldResetClosedState": "ok ok calls:2 reset =closed calls:0",
    "shouldResetMetricsAfterMetricsOnlyStateTransition": "ok ok calls:2 observe =metrics_only calls:0",
    "shouldRecordMetricsInMetricsOnlyState": (
        "observe fail fail fail ok =metrics_only calls:4 ok calls:5 fail =metrics_only calls:6"
    ),
    "allCircuitBreakerStatesAllowTransitionToMetricsOnlyMode-closed": "ok observe =metrics_only",
    "allCircuitBreakerStatesAllowTransitionToMetricsOnlyMode-open": "opened observe =metrics_only begin",
    "allCircuitBreakerStatesAllowTransitionToMetricsOnlyMode-half_open": (
        "half begin observe =metrics_only endfail =metrics_only"
    ),
    "allCircuitBreakerStatesAllowTransitionToMetricsOnlyMode-forced_open": "trip observe =metrics_only begin",
    "allCircuitBreakerStatesAllowTransitionToMetricsOnlyMode-disabled": "disable observe =metrics_only",
    "allCircuitBreakerStatesAllowTransitionToItsOwnState": (
        "reset =closed reset =closed trip trip =forced_open"
        " disable disable =disabled observe observe =metrics_only"
    ),
    "circuitBreakerTransitionsToOpenAfterWaitDurationInHalfOpenState": (
        "half begin begin begin begin refused +99 refused +1 begin =half_open"
    ),
    "testAutoTransition": "trip:2 look =forced_open +2 look =half_open",
    "shouldCancelAutoTransition": "opened trip +100 look =forced_open refused",
    "testCircuitBreakerMetrics": (
        "ok ok fail fail calls:4 =closed fail fail fail fail ok =closed calls:9 ok =open calls:10"
    ),
    "shouldIgnoreNumberFormatException": "fail ignored calls:1 =closed",
    "shouldIndicateCallPermittedForGivenStatus-disabled": "disable begin",
    "shouldIndicateCallPermittedForGivenStatus-closed": "begin",
    "shouldIndicateCallPermittedForGivenStatus-open": "opened refused",
    "shouldIndicateCallPermittedForGivenStatus-forced_open": "trip refused",
    "shouldIndicateCallPermittedForGivenStatus-half_open": "half begin =half_open",
    "shouldReduceMinimumNumberOfCallsToSlidingWindowSize": "fail fail fail fail =closed fail =open",
    "shouldAllowHighMinimumNumberOfCallsWhenSlidingWindowIsTimeBased": (
        "fail fail fail fail fail fail fail fail fail =closed"
    ),
}
SETTINGS = {
    "shouldTransitionToHalfOpenAfterWaitInterval": {"wait_growth": 1.5, "half_open_permits": 1},
    "testCircuitBreakerMetrics": {"window_calls": 10, "minimum_calls": 10},
    "shouldReduceMinimumNumberOfCallsToSlidingWindowSize": {"window_calls": 5, "minimum_calls": 100},
    "shouldAllowHighMinimumNumberOfCallsWhenSlidingWindowIsTimeBased": {"minimum_calls": 10},
}


class Player:
    """Plays the words of one row."""

    def __init__(self, settings: BreakerSettings) -> None:
        self.clock = FakeClock()
        self.breaker = Breaker("x", settings, self.clock)
        self.under_way: list[float] = []

    def play(self, word: str) -> None:
        breaker = self.breaker
        match word:
            case "ok" | "slow":
                breaker.success(breaker.allow(), took_s=5 if word == "slow" else 0)
            case "fail" | "slowfail":
                breaker.failure(OSError(), breaker.allow(), took_s=5 if word == "slowfail" else 0)
            case "ignored":
                breaker.failure(ZeroDivisionError(), breaker.allow())
            case "refused":
                with pytest.raises(BreakerOpen):
                    breaker.allow()
            case "opened" | "half":
                while str(breaker.state) != "open":
                    breaker.failure(OSError(), breaker.allow())
                self.clock.advance(5 if word == "half" else 0)
            case "begin" | "end" | "endfail" | "release":
                self.play_overlapping(word)
            case _:
                self.play_with_value(word)

    def play_overlapping(self, word: str) -> None:
        if word == "begin":
            self.under_way.append(self.breaker.allow())
            return
        while self.under_way:
            permit = self.under_way.pop()
            if word == "end":
                self.breaker.success(permit)
            elif word == "endfail":
                self.breaker.failure(OSError(), permit)
            else:
                self.breaker.release(permit)
                return

    def play_with_value(self, word: str) -> None:
        if word.startswith("+"):
            self.clock.advance(float(word))
        elif word.startswith("="):
            assert str(self.breaker.state) == word[1:]
        elif word == "look":
            self.breaker.settle()
        elif word.startswith("calls:"):
            assert self.breaker.snapshot().calls == int(word[6:])
        else:
            action, _, ttl = word.partition(":")
            self.breaker.obey(Order(Action(action), ttl_s=float(ttl or "inf")))


@pytest.mark.parametrize("name", ROWS)
def test_transitions(name: str) -> None:
    player = Player(replace(BASE, **SETTINGS.get(name, {})))
    words = ROWS[name].split()
    for place, word in enumerate(words):
        try:
            player.play(word)
        except (AssertionError, BreakerOpen, pytest.fail.Exception) as error:
            done = " ".join(words[:place])
            raise AssertionError(f"after {done!r}, {word!r} does not hold: {player.breaker.state}") from error

"""What a closed breaker remembers of its calls, and when that is reason enough to open."""

from wattos_platform.kernel.resilience.breaker_types import BreakerSettings, Cause
from wattos_platform.kernel.resilience.window import CountWindow, TimeWindow, Window


def new_window(settings: BreakerSettings) -> Window:
    """Return an empty window: of the last calls where the settings name their number, else of seconds."""
    return CountWindow(settings.window_calls) if settings.window_calls else TimeWindow(settings.window_s)


def cause_to_open(window: Window, consecutive: int, settings: BreakerSettings) -> Cause | None:
    """Return why the calls in `window`, the last `consecutive` of them failures, open the breaker, if so."""
    if consecutive >= settings.failure_threshold:
        return Cause.CONSECUTIVE_FAILURES
    if window.calls >= settings.minimum_calls:
        if window.failures >= settings.failure_rate * window.calls:
            return Cause.FAILURE_RATE
        if window.slow >= settings.slow_call_rate * window.calls:
            return Cause.SLOW_CALL_RATE
    return None

"""All circuit breakers of a process, and the names other modules import."""

from collections import OrderedDict
from collections.abc import Callable
from random import Random

from wattos_platform.kernel.resilience.breaker_core import Breaker
from wattos_platform.kernel.resilience.breaker_types import (
    BreakerEvent,
    BreakerOpen,
    BreakerSettings,
    BreakerSnapshot,
    Cause,
    State,
    counts_as_failure,
)
from wattos_platform.kernel.telemetry import Log, Meter, NullLog, NullMeter

__all__ = [
    "Breaker",
    "BreakerEvent",
    "BreakerOpen",
    "BreakerRegistry",
    "BreakerSettings",
    "BreakerSnapshot",
    "Cause",
    "State",
    "counts_as_failure",
]

MAX_BREAKERS = 1000


class BreakerRegistry:
    """Makes and keeps the breakers of one process, by name; beyond `cap` the least recently asked for goes.

    A breaker that is not closed is kept as long as any closed one can go instead. Counters are handed to
    the meter by `publish`, which the metrics endpoint calls before each exposition: counting each call
    there would cost more than the breaker itself.
    """

    def __init__(
        self,
        settings: BreakerSettings,
        *,
        clock: Callable[[], float],
        meter: Meter | None = None,
        log: Log | None = None,
        rng: Random | None = None,
        on_event: Callable[[BreakerEvent], None] = lambda _event: None,
        cap: int = MAX_BREAKERS,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._meter = meter or NullMeter()
        self._log = log or NullLog()
        self._rng = rng or Random()  # noqa: S311 - spreads waits, guards nothing
        self._on_event = on_event
        self._cap = cap
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()
        self._published: dict[str, tuple[int, int, int, int]] = {}

    def get(self, name: str, settings: BreakerSettings | None = None) -> Breaker:
        """Return the breaker called `name`, made with `settings` (or the registry's) at the first call."""
        breaker = self._breakers.get(name)
        if breaker is None:
            if len(self._breakers) >= self._cap:
                self._drop_one()
            breaker = Breaker(
                name, settings or self._settings, self._clock, rng=self._rng, on_event=self._changed
            )
            self._breakers[name] = breaker
            self._show_state(name, State.CLOSED)
        else:
            self._breakers.move_to_end(name)
        return breaker

    def find(self, name: str) -> Breaker | None:
        """Return the breaker called `name`, None if nothing has asked for it yet."""
        return self._breakers.get(name)

    def snapshots(self) -> list[BreakerSnapshot]:
        """Return what there is to show of every breaker, by name."""
        return [self._breakers[name].snapshot() for name in sorted(self._breakers)]

    def publish(self) -> None:
        """Hand the counts since the last call to the meter, and set the rate gauges."""
        meter = self._meter
        for name, breaker in self._breakers.items():
            now = (breaker.total_successes, breaker.total_failures, breaker.ignored, breaker.refused)
            last = self._published.get(name, (0, 0, 0, 0))
            if now != last:
                for outcome, count, seen in zip(("success", "failure", "ignored"), now, last, strict=False):
                    if count > seen:
                        meter.counter("circuit_breaker_calls_total", name=name, outcome=outcome).inc(
                            count - seen
                        )
                if now[3] > last[3]:
                    meter.counter("circuit_breaker_not_permitted_total", name=name).inc(now[3] - last[3])
                self._published[name] = now
            shown = breaker.snapshot()
            meter.gauge("circuit_breaker_failure_rate", name=name).set(shown.failure_rate)
            meter.gauge("circuit_breaker_slow_call_rate", name=name).set(shown.slow_call_rate)

    def _changed(self, event: BreakerEvent) -> None:
        labels = {"name": event.name, "from": event.before, "to": event.after, "cause": event.cause}
        self._meter.counter(
            "circuit_breaker_transitions_total", **{key: str(value) for key, value in labels.items()}
        ).inc()
        self._show_state(event.name, event.after)
        level = self._log.warning if event.after in (State.OPEN, State.FORCED_OPEN) else self._log.info
        level(
            f"breaker.{_PAST_TENSE[event.after]}",
            message=f"circuit breaker {event.name} went from {event.before} to {event.after}: {event.cause}",
            breaker=event.name,
            before=str(event.before),
            after=str(event.after),
            cause=str(event.cause),
            retry_after_s=round(event.retry_after_s, 3),
            reason=event.reason,
            actor=event.actor,
        )
        self._on_event(event)

    def _show_state(self, name: str, present: State) -> None:
        for state in State:
            gauge = self._meter.gauge("circuit_breaker_state", name=name, state=str(state))
            gauge.set(1 if state is present else 0)

    def _drop_one(self) -> None:
        closed = (name for name, breaker in self._breakers.items() if breaker.state is State.CLOSED)
        name = next(closed, None) or next(iter(self._breakers))
        del self._breakers[name]
        self._published.pop(name, None)


_PAST_TENSE = {
    State.OPEN: "opened",
    State.CLOSED: "closed",
    State.HALF_OPEN: "half_opened",
    State.FORCED_OPEN: "tripped",
    State.DISABLED: "disabled",
    State.METRICS_ONLY: "observed",
}

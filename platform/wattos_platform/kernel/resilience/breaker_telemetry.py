"""What breakers tell metrics and log: one audit line per change, counts handed over before each scrape."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

from wattos_platform.kernel.resilience.breaker_core import Breaker
from wattos_platform.kernel.resilience.breaker_types import Action, BreakerEvent, State
from wattos_platform.kernel.telemetry import Log, Meter
from wattos_platform.kernel.timestamps import rfc3339

_FAMILIES = (
    "circuit_breaker_state",
    "circuit_breaker_calls_total",
    "circuit_breaker_not_permitted_total",
    "circuit_breaker_transitions_total",
    "circuit_breaker_failure_rate",
    "circuit_breaker_slow_call_rate",
)
_OUTCOMES = ("success", "failure", "ignored")
_PAST_TENSE = {
    State.OPEN: "opened",
    State.CLOSED: "closed",
    State.HALF_OPEN: "half_opened",
    State.FORCED_OPEN: "tripped",
    State.DISABLED: "disabled",
    State.METRICS_ONLY: "observed",
}


class BreakerTelemetry:
    """Counting each call in the meter would cost more than the breaker itself, so `publish` does it later."""

    def __init__(self, meter: Meter, log: Log) -> None:
        self._meter = meter
        self._log = log
        self._published: dict[str, tuple[int, int, int, int]] = {}
        self._in_vain: set[str] = set()

    def changed(self, event: BreakerEvent) -> None:
        """Write the audit line of a change, count it and show the new state.

        Of probes that fail one after the other the first is written, the others are only counted.
        """
        labels = {"name": event.name, "from": event.before, "to": event.after, "cause": event.cause}
        self._meter.counter(
            "circuit_breaker_transitions_total", **{key: str(value) for key, value in labels.items()}
        ).inc()
        self.show_state(event.name, event.after)
        if self._is_known(event):
            return
        level = self._log.warning if event.after in (State.OPEN, State.FORCED_OPEN) else self._log.info
        level(
            f"breaker.{_what_happened(event)}",
            message=_sentence(event),
            breaker=event.name,
            before=str(event.before),
            after=str(event.after),
            cause=str(event.cause),
            retry_after_s=round(event.retry_after_s, 3),
            **_order_fields(event),
        )

    def show_state(self, name: str, present: State) -> None:
        """Set the one-hot gauge of a breaker's state."""
        for state in State:
            gauge = self._meter.gauge("circuit_breaker_state", name=name, state=str(state))
            gauge.set(1 if state is present else 0)

    def publish(self, breakers: Iterable[Breaker]) -> None:
        """Hand the counts since the last call to the meter, and set the rate gauges."""
        for breaker in breakers:
            shown = breaker.snapshot()
            now = (breaker.total_successes, breaker.total_failures, breaker.ignored, breaker.refused)
            last = self._published.get(breaker.name, (0, 0, 0, 0))
            if now != last:
                self._count(breaker.name, now, last)
                self._published[breaker.name] = now
            self._meter.gauge("circuit_breaker_failure_rate", name=breaker.name).set(shown.failure_rate)
            self._meter.gauge("circuit_breaker_slow_call_rate", name=breaker.name).set(shown.slow_call_rate)

    def forget(self, name: str) -> None:
        """Drop what is remembered of a breaker that is gone, its series too: others need their place."""
        self._published.pop(name, None)
        self._in_vain.discard(name)
        for family in _FAMILIES:
            self._meter.forget(family, name=name)

    def _is_known(self, event: BreakerEvent) -> bool:
        """Say whether the log has it already: a probe that began or failed like the one before it."""
        probing = State.HALF_OPEN in (event.before, event.after) and event.after is not State.CLOSED
        if event.order is not None or not probing:
            self._in_vain.discard(event.name)
            return False
        if event.name in self._in_vain:
            return True
        if event.after is State.OPEN:
            self._in_vain.add(event.name)
        return False

    def _count(self, name: str, now: tuple[int, ...], last: tuple[int, ...]) -> None:
        for outcome, count, seen in zip(_OUTCOMES, now, last, strict=False):
            if count > seen:
                self._meter.counter("circuit_breaker_calls_total", name=name, outcome=outcome).inc(
                    count - seen
                )
        if now[3] > last[3]:
            self._meter.counter("circuit_breaker_not_permitted_total", name=name).inc(now[3] - last[3])


def _what_happened(event: BreakerEvent) -> str:
    if event.order is not None and event.order.action is Action.RESET:
        return "reset"
    return _PAST_TENSE[event.after]


def _sentence(event: BreakerEvent) -> str:
    sentence = f"circuit breaker {event.name} went from {event.before} to {event.after}: {event.cause}"
    if event.order is None:
        return sentence
    until = "" if event.order.expires_at is None else f", until {rfc3339(event.order.expires_at)}"
    return f"{sentence} by {event.order.actor or 'nobody named'} ({event.order.reason or 'no reason'}{until})"


def _order_fields(event: BreakerEvent) -> dict[str, Any]:
    """Return who wanted the change and for how long; nothing for a change the breaker made itself."""
    order = event.order
    if order is None:
        return {}
    return {
        "reason": order.reason,
        "actor": order.actor,
        "ttl_s": order.ttl_s if isfinite(order.ttl_s) else None,
        "expires_at": None if order.expires_at is None else rfc3339(order.expires_at),
    }

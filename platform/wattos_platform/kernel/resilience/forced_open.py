"""Breakers that an operator tripped, told as health: what is refused by order is not healthy."""

from math import isfinite

from wattos_platform.contracts.health import CheckResult
from wattos_platform.kernel.resilience.breaker_registry import BreakerRegistry
from wattos_platform.kernel.resilience.breaker_types import BreakerSnapshot, State


def forced_open_checks(breakers: BreakerRegistry) -> dict[str, CheckResult]:
    """Return a failed check for each breaker that was tripped by hand, by the breaker's name.

    Known at once and without asking anybody. Never critical: the service does what its order leaves it. The
    reason is told, not the actor: health answers callers without a credential.
    """
    breakers.settle()
    return {shown.name: _check(shown) for shown in breakers.in_state(State.FORCED_OPEN)}


def _check(shown: BreakerSnapshot) -> CheckResult:
    order = shown.order
    timed = order is not None and isfinite(order.ttl_s)
    end = f"{shown.retry_after_s:.0f} s left" if timed else "until reset"
    reason = f": {order.reason}" if order is not None and order.reason else ""
    message = f"circuit breaker forced open for {shown.in_state_s:.0f} s, {end}{reason}"
    return CheckResult(status="down", critical=False, response_time_ms=0.0, age_s=0.0, message=message)

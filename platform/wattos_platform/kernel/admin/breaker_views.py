"""Breakers, their settings and their changes as /admin/breakers shows them."""

from dataclasses import fields
from math import isfinite
from typing import Any

from wattos_platform.kernel.resilience.breaker import BreakerSettings, BreakerSnapshot, Order
from wattos_platform.kernel.resilience.breaker_events import Numbered
from wattos_platform.kernel.timestamps import rfc3339

_PREDICATES = frozenset({"is_failure", "is_failed_result"})


def snapshot_view(shown: BreakerSnapshot) -> dict[str, Any]:
    """Return one breaker: rates from 0 to 1, durations in seconds, `reason` to `expires_at` of an order."""
    return {
        "name": shown.name,
        "state": str(shown.state),
        "cause": None if shown.cause is None else str(shown.cause),
        "in_state_s": round(shown.in_state_s, 3),
        "retry_after_s": round(shown.retry_after_s, 3),
        "calls": shown.calls,
        "failure_rate": round(shown.failure_rate, 4),
        "slow_call_rate": round(shown.slow_call_rate, 4),
        "consecutive_failures": shown.consecutive_failures,
        "not_permitted": shown.refused,
        **_order_view(shown.order),
    }


def settings_view(settings: BreakerSettings) -> dict[str, Any]:
    """Return the numbers a breaker is set to; None where there is no limit."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {
        name: value if isfinite(value) else None for name, value in values.items() if name not in _PREDICATES
    }


def event_view(kept: Numbered) -> dict[str, Any]:
    """Return one change of state."""
    event = kept.event
    return {
        "number": kept.number,
        "time": rfc3339(kept.at),
        "name": event.name,
        "from": str(event.before),
        "to": str(event.after),
        "cause": str(event.cause),
        "retry_after_s": round(event.retry_after_s, 3),
        **_order_view(event.order),
    }


def _order_view(order: Order | None) -> dict[str, Any]:
    if order is None:
        return {"reason": None, "actor": None, "ttl_s": None, "expires_at": None}
    return {
        "reason": order.reason,
        "actor": order.actor,
        "ttl_s": order.ttl_s if isfinite(order.ttl_s) else None,
        "expires_at": None if order.expires_at is None else rfc3339(order.expires_at),
    }

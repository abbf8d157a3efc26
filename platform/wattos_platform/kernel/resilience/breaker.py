"""The names of the circuit breaker that other modules import."""

from wattos_platform.kernel.resilience.breaker_core import Breaker
from wattos_platform.kernel.resilience.breaker_registry import BreakerRegistry, UnknownBreakerError
from wattos_platform.kernel.resilience.breaker_types import (
    Action,
    BreakerEvent,
    BreakerOpen,
    BreakerSettings,
    BreakerSnapshot,
    Cause,
    Order,
    State,
    counts_as_failure,
)

__all__ = [
    "Action",
    "Breaker",
    "BreakerEvent",
    "BreakerOpen",
    "BreakerRegistry",
    "BreakerSettings",
    "BreakerSnapshot",
    "Cause",
    "Order",
    "State",
    "UnknownBreakerError",
    "counts_as_failure",
]

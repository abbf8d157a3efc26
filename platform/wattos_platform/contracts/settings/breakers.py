"""When circuit breakers open, and for how long."""

from wattos_platform.contracts.settings.variable import Group, variable


class BreakerVariables(Group):
    """Every breaker that has no settings of its own."""

    breaker_failures: int = variable(
        "CIRCUIT_BREAKER_FAILURE_THRESHOLD", default=5, gt=0, description="Failures in a row that open."
    )
    breaker_reset_ms: int = variable(
        "CIRCUIT_BREAKER_RESET_TIMEOUT", default=60_000, gt=0, description="First wait while open."
    )
    breaker_window_ms: int = variable(
        "CIRCUIT_BREAKER_MONITORING_PERIOD", default=60_000, gt=0, description="Window of the rates."
    )
    breaker_window_calls: int = variable(
        "WATTOS_BREAKER_WINDOW_CALLS",
        default=0,
        ge=0,
        le=100_000,
        description="Window of the last so many calls instead of the last seconds; 0: by time.",
    )
    breaker_failure_rate: float = variable(
        "WATTOS_BREAKER_FAILURE_RATE", default=0.5, gt=0, le=1, description="Share of failures that opens."
    )
    breaker_minimum_calls: int = variable(
        "WATTOS_BREAKER_MINIMUM_CALLS", default=10, gt=0, description="Calls before a rate opens."
    )
    breaker_slow_call_s: float | None = variable(
        "WATTOS_BREAKER_SLOW_CALL_S",
        default=None,
        gt=0,
        description="From here on a call is slow; unset: never.",
    )
    breaker_slow_call_rate: float = variable(
        "WATTOS_BREAKER_SLOW_CALL_RATE",
        default=1.0,
        gt=0,
        le=1,
        description="Share of slow calls that opens.",
    )
    breaker_half_open_permits: int = variable(
        "WATTOS_BREAKER_HALF_OPEN_PERMITS",
        default=1,
        gt=0,
        description="Calls that probe a half-open breaker.",
    )
    breaker_half_open_max_s: float = variable(
        "WATTOS_BREAKER_HALF_OPEN_MAX_S",
        default=60.0,
        gt=0,
        description="After this long, probes that never reported are lost and others may probe.",
    )
    breaker_wait_growth: float = variable(
        "WATTOS_BREAKER_WAIT_GROWTH", default=2.0, ge=1, description="Growth of the wait per failed probe."
    )
    breaker_wait_cap_s: float = variable(
        "WATTOS_BREAKER_WAIT_CAP_S", default=600.0, gt=0, description="Longest wait while open."
    )
    breaker_retry_after_cap_s: float = variable(
        "WATTOS_BREAKER_RETRY_AFTER_CAP_S",
        default=3600.0,
        gt=0,
        description="Longest Retry-After that is obeyed.",
    )
    breaker_jitter: float = variable(
        "WATTOS_BREAKER_JITTER", default=0.1, ge=0, lt=1, description="Spread of the wait, up and down."
    )

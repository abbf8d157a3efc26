"""How long a call may take, how many go at once, and how often one is tried."""

from wattos_platform.contracts.settings.variable import Group, variable


class CallSettings(Group):
    """Deadlines, time-outs, pools, concurrency and retries of calls to services and providers."""

    deadline_ms: int = variable(
        "WATTOS_DEADLINE_MS", default=60_000, gt=0, description="Budget of a request that names none."
    )
    stream_deadline_ms: int = variable(
        "WATTOS_STREAM_DEADLINE_MS", default=600_000, gt=0, description="Largest budget."
    )
    connect_timeout_s: float = variable(
        "WATTOS_CONNECT_TIMEOUT_S", default=1.0, gt=0, description="Connect to a service."
    )
    hop_timeout_s: float = variable(
        "WATTOS_HOP_TIMEOUT_S", default=30.0, gt=0, description="First byte of a service."
    )
    provider_timeout_s: float = variable(
        "WATTOS_PROVIDER_TIMEOUT_S", default=60.0, gt=0, description="First byte of a provider."
    )
    stream_idle_timeout_s: float = variable(
        "WATTOS_STREAM_IDLE_TIMEOUT_S", default=30.0, gt=0, description="Silence of a provider in a stream."
    )
    stream_idle_margin_s: float = variable(
        "WATTOS_STREAM_IDLE_MARGIN_S",
        default=2.0,
        gt=0,
        description="Added for each service on the way, so that the one beside the provider tells.",
    )
    pool_wait_s: float = variable(
        "WATTOS_POOL_WAIT_S", default=1.0, gt=0, description="Wait for a pooled connection."
    )
    pool_size: int = variable(
        "WATTOS_POOL_SIZE", default=100, gt=0, description="Connections to each service."
    )
    provider_pool_size: int = variable(
        "WATTOS_PROVIDER_POOL_SIZE", default=1000, gt=0, description="Connections to each provider."
    )
    concurrency_min: int = variable(
        "WATTOS_CONCURRENCY_MIN",
        default=5,
        gt=0,
        description="Calls to a service that are let through at once, however slow it is.",
    )
    concurrency_tolerance: float = variable(
        "WATTOS_CONCURRENCY_TOLERANCE",
        default=1.5,
        gt=1,
        description="Times slower than without load that calls may get before fewer are let through.",
    )
    retry_max_attempts: int = variable("RETRY_MAX_ATTEMPTS", default=3, gt=0, description="Attempts in all.")
    retry_initial_delay_ms: int = variable(
        "RETRY_INITIAL_DELAY", default=200, gt=0, description="Base of the back-off."
    )
    retry_max_delay_ms: int = variable(
        "RETRY_MAX_DELAY", default=30_000, gt=0, description="Cap of the back-off."
    )
    retry_multiplier: float = variable(
        "RETRY_BACKOFF_MULTIPLIER", default=2.0, ge=1, description="Growth of the back-off."
    )

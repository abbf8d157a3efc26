"""What a service reads from its environment; docs/reference/configuration.md is made from it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError

from wattos_platform.contracts.metrics import OTEL_GENAI
from wattos_platform.contracts.store_urls import database_url_mistake, redis_url_mistake


class SettingsError(ValueError):
    """The environment is not valid; the text names the variable, the reason and what is expected."""


def _env(*names: str, default: Any, description: str, **limits: Any) -> Any:
    return Field(default=default, validation_alias=AliasChoices(*names), description=description, **limits)


def _checked(url: SecretStr | None, mistake_of: Callable[[str], str | None]) -> SecretStr | None:
    mistake = None if url is None else mistake_of(url.get_secret_value())
    if mistake is not None:
        raise PydanticCustomError("store_url", "{mistake}", {"mistake": mistake})
    return url


class Settings(BaseModel):
    """The settings of one service process; times in the unit of their name."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    host: str = _env(
        "WATTOS_HOST", default="127.0.0.1", description="Address to bind when no socket is handed over."
    )
    port: int = _env(
        "WATTOS_PORT", "PORT", default=0, ge=0, le=65535, description="Port; 0 takes the catalog's."
    )
    http_fd: int | None = _env(
        "WATTOS_HTTP_FD", default=None, description="Listening socket handed over by the supervisor."
    )
    ops_socket: Path | None = _env(
        "WATTOS_OPS_SOCKET", default=None, description="Unix socket of the operations listener."
    )
    ops_port: int | None = _env(
        "WATTOS_OPS_PORT", default=None, description="TCP port of the operations listener (containers)."
    )
    replica: int = _env("WATTOS_REPLICA", default=0, ge=0, description="Number of this replica.")
    data_dir: Path = _env(
        "WATTOS_DATA_DIR", default=Path(".wattos/data"), description="Folder of databases and files."
    )
    run_dir: Path = _env(
        "WATTOS_RUN_DIR", default=Path(".wattos/run"), description="Folder of pid files and secrets."
    )
    log_file: Path | None = _env(
        "WATTOS_LOG_FILE", default=None, description="Own log file, re-opened on SIGHUP."
    )
    config_file: Path | None = _env(
        "WATTOS_CONFIG_FILE", default=None, description="Generated JSON made from wattos.toml."
    )
    log_level: str = _env(
        "WATTOS_LOG_LEVEL", "LOG_LEVEL", default="info", pattern="^(debug|info|warning|error|critical)$",
        description="Least level that is logged.",
    )  # fmt: skip
    database_url: SecretStr | None = _env(
        "DATABASE_URL",
        default=None,
        description="No effect, and refused unless it names SQLite: rows are kept in SQLite files.",
    )
    redis_url: SecretStr | None = _env(
        "REDIS_URL",
        default=None,
        description="Redis that all replicas share for limits and caches; without it each has its own.",
    )
    redis_timeout_ms: int = _env(
        "WATTOS_REDIS_TIMEOUT_MS", default=100, gt=0, description="Longest wait for Redis."
    )
    jwt_secret: SecretStr | None = _env(
        "JWT_SECRET", default=None, min_length=32, description="HS256 secret of the gateway."
    )
    jwt_secret_file: Path | None = _env(
        "WATTOS_JWT_SECRET_FILE", "JWT_SECRET_FILE", default=None, description="File that holds it."
    )
    jwt_issuer: str = _env(
        "WATTOS_JWT_ISSUER", default="wattos", min_length=1, description="Issuer (iss) of tokens."
    )
    jwt_audience: str = _env(
        "WATTOS_JWT_AUDIENCE", default="wattos", min_length=1, description="Audience (aud) of tokens."
    )
    audit_retention_days: int = _env(
        "WATTOS_AUDIT_RETENTION_DAYS", default=90, gt=0, description="Age at which audit rows are deleted."
    )
    usage_retention_days: int = _env(
        "WATTOS_USAGE_RETENTION_DAYS",
        default=400,
        gt=0,
        description="Age at which rows of model calls are deleted.",
    )
    identity_key_file: Path | None = _env(
        "WATTOS_IDENTITY_KEY_FILE", default=None, description="Key that signs hops."
    )
    operator_token_file: Path | None = _env(
        "WATTOS_OPERATOR_TOKEN_FILE", default=None, description="Token of /admin/*."
    )
    allowed_origins: str = _env(
        "ALLOWED_ORIGINS", default="", description="CORS allow-list, comma separated."
    )
    trusted_proxies: str = _env(
        "WATTOS_TRUSTED_PROXIES", default="", description="Addresses whose X-Forwarded-For counts."
    )
    rate_limit: str = _env(
        "RATE_LIMIT", default="100r/m", pattern=r"^\d+r/[smhd]$", description="Requests per user."
    )
    tenant_rate_limit: str = _env(
        "WATTOS_TENANT_RATE_LIMIT",
        default="1000r/m",
        pattern=r"^\d+r/[smhd]$",
        description="Requests per tenant.",
    )
    ip_rate_limit: str = _env(
        "WATTOS_IP_RATE_LIMIT",
        default="60r/m",
        pattern=r"^\d+r/[smhd]$",
        description="Requests without identity, per address.",
    )
    body_limit_bytes: int = _env(
        "WATTOS_BODY_LIMIT_BYTES", default=2_000_000, gt=0, description="Largest JSON body."
    )
    llm_body_limit_bytes: int = _env(
        "WATTOS_LLM_BODY_LIMIT_BYTES", default=20_000_000, gt=0, description="Largest body under /v1."
    )
    upload_limit_bytes: int = _env(
        "WATTOS_UPLOAD_LIMIT_BYTES", default=50_000_000, gt=0, description="Largest upload."
    )
    max_connections: int = _env(
        "WATTOS_MAX_CONNECTIONS",
        default=2000,
        gt=0,
        description="Connections of clients that each replica keeps at once; more get 503.",
    )
    deadline_ms: int = _env(
        "WATTOS_DEADLINE_MS", default=60_000, gt=0, description="Budget of a request that names none."
    )
    stream_deadline_ms: int = _env(
        "WATTOS_STREAM_DEADLINE_MS", default=600_000, gt=0, description="Largest budget."
    )
    drain_s: int = _env(
        "WATTOS_DRAIN_S", default=10, ge=0, description="Time for running requests after SIGTERM."
    )
    connect_timeout_s: float = _env(
        "WATTOS_CONNECT_TIMEOUT_S", default=1.0, gt=0, description="Connect to a service."
    )
    hop_timeout_s: float = _env(
        "WATTOS_HOP_TIMEOUT_S", default=30.0, gt=0, description="First byte of a service."
    )
    provider_timeout_s: float = _env(
        "WATTOS_PROVIDER_TIMEOUT_S", default=60.0, gt=0, description="First byte of a provider."
    )
    stream_idle_timeout_s: float = _env(
        "WATTOS_STREAM_IDLE_TIMEOUT_S", default=30.0, gt=0, description="Silence in a stream."
    )
    pool_wait_s: float = _env(
        "WATTOS_POOL_WAIT_S", default=1.0, gt=0, description="Wait for a pooled connection."
    )
    pool_size: int = _env("WATTOS_POOL_SIZE", default=100, gt=0, description="Connections to each service.")
    concurrency_min: int = _env(
        "WATTOS_CONCURRENCY_MIN",
        default=5,
        gt=0,
        description="Calls to a service that are let through at once, however slow it is.",
    )
    concurrency_tolerance: float = _env(
        "WATTOS_CONCURRENCY_TOLERANCE",
        default=1.5,
        gt=1,
        description="Times slower than without load that calls may get before fewer are let through.",
    )
    provider_pool_size: int = _env(
        "WATTOS_PROVIDER_POOL_SIZE", default=1000, gt=0, description="Connections to each provider."
    )
    db_pool_size: int = _env(
        "WATTOS_DB_POOL_SIZE", default=4, gt=0, description="Connections that read the database at once."
    )
    statement_timeout_s: float = _env(
        "WATTOS_STATEMENT_TIMEOUT_S", default=5.0, gt=0, description="One database statement."
    )
    health_interval_s: float = _env(
        "WATTOS_HEALTH_INTERVAL_S", default=5.0, gt=0, description="Between two health checks."
    )
    otel_genai: bool = _env(
        "WATTOS_OTEL_GENAI",
        default=False,
        description="Whether calls to models are also counted under OpenTelemetry's names (gen_ai_*).",
    )
    breaker_failures: int = _env(
        "CIRCUIT_BREAKER_FAILURE_THRESHOLD", default=5, gt=0, description="Failures in a row that open."
    )
    breaker_reset_ms: int = _env(
        "CIRCUIT_BREAKER_RESET_TIMEOUT", default=60_000, gt=0, description="First wait while open."
    )
    breaker_window_ms: int = _env(
        "CIRCUIT_BREAKER_MONITORING_PERIOD", default=60_000, gt=0, description="Window of the rates."
    )
    breaker_window_calls: int = _env(
        "WATTOS_BREAKER_WINDOW_CALLS",
        default=0,
        ge=0,
        le=100_000,
        description="Window of the last so many calls instead of the last seconds; 0: by time.",
    )
    breaker_failure_rate: float = _env(
        "WATTOS_BREAKER_FAILURE_RATE", default=0.5, gt=0, le=1, description="Share of failures that opens."
    )
    breaker_minimum_calls: int = _env(
        "WATTOS_BREAKER_MINIMUM_CALLS", default=10, gt=0, description="Calls before a rate opens."
    )
    breaker_slow_call_s: float | None = _env(
        "WATTOS_BREAKER_SLOW_CALL_S",
        default=None,
        gt=0,
        description="From here on a call is slow; unset: never.",
    )
    breaker_slow_call_rate: float = _env(
        "WATTOS_BREAKER_SLOW_CALL_RATE",
        default=1.0,
        gt=0,
        le=1,
        description="Share of slow calls that opens.",
    )
    breaker_half_open_permits: int = _env(
        "WATTOS_BREAKER_HALF_OPEN_PERMITS",
        default=1,
        gt=0,
        description="Calls that probe a half-open breaker.",
    )
    breaker_half_open_max_s: float = _env(
        "WATTOS_BREAKER_HALF_OPEN_MAX_S",
        default=60.0,
        gt=0,
        description="After this long, probes that never reported are lost and others may probe.",
    )
    breaker_wait_growth: float = _env(
        "WATTOS_BREAKER_WAIT_GROWTH", default=2.0, ge=1, description="Growth of the wait per failed probe."
    )
    breaker_wait_cap_s: float = _env(
        "WATTOS_BREAKER_WAIT_CAP_S", default=600.0, gt=0, description="Longest wait while open."
    )
    breaker_retry_after_cap_s: float = _env(
        "WATTOS_BREAKER_RETRY_AFTER_CAP_S",
        default=3600.0,
        gt=0,
        description="Longest Retry-After that is obeyed.",
    )
    breaker_jitter: float = _env(
        "WATTOS_BREAKER_JITTER", default=0.1, ge=0, lt=1, description="Spread of the wait, up and down."
    )
    retry_max_attempts: int = _env("RETRY_MAX_ATTEMPTS", default=3, gt=0, description="Attempts in all.")
    retry_initial_delay_ms: int = _env(
        "RETRY_INITIAL_DELAY", default=200, gt=0, description="Base of the back-off."
    )
    retry_max_delay_ms: int = _env(
        "RETRY_MAX_DELAY", default=30_000, gt=0, description="Cap of the back-off."
    )
    retry_multiplier: float = _env(
        "RETRY_BACKOFF_MULTIPLIER", default=2.0, ge=1, description="Growth of the back-off."
    )
    cache_enabled: bool = _env(
        "CACHE_ENABLED", default=True, description="Whether searches and answers are cached."
    )
    cache_ttl_s: int | None = _env(
        "CACHE_DEFAULT_TTL",
        default=None,
        gt=0,
        description="Life of what is cached, in s; not set: 300 for a search, 3600 for an answer.",
    )
    cache_max_size: int = _env(
        "CACHE_MAX_SIZE", default=1000, gt=0, description="Entries of caches in memory."
    )
    chat_history_tokens: int = _env(
        "WATTOS_CHAT_HISTORY_TOKENS",
        default=3000,
        ge=0,
        description="Tokens of a conversation that the model is shown again, the newest first.",
    )
    agent_http_allow: str = _env(
        "WATTOS_AGENT_HTTP_ALLOW",
        default="",
        description="Hosts that agents may read, comma separated; empty: http_request is not available.",
    )

    @field_validator("redis_url")
    @classmethod
    def _redis_url_can_work(cls, url: SecretStr | None) -> SecretStr | None:
        return _checked(url, redis_url_mistake)

    @field_validator("database_url")
    @classmethod
    def _database_url_can_work(cls, url: SecretStr | None) -> SecretStr | None:
        return _checked(url, database_url_mistake)

    @property
    def metric_switches(self) -> frozenset[str]:
        """Return the switches of metric families that are on."""
        return frozenset({OTEL_GENAI} if self.otel_genai else ())

    def database_path(self, service: str) -> Path:
        """Return the SQLite file of `service`: one per service, below the data folder."""
        return self.data_dir / f"{service}.db"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings in `environ`; empty counts as not set. SettingsError names what is wrong."""
        try:
            return cls.model_validate({name: value for name, value in environ.items() if value != ""})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SettingsError(f"{first['loc'][0]}: {first['msg']}") from None

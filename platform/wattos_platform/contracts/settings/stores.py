"""Where things are kept, for how long, and how long a process waits for that."""

from collections.abc import Callable

from pydantic import SecretStr, field_validator
from pydantic_core import PydanticCustomError

from wattos_platform.contracts.settings.variable import Group, variable
from wattos_platform.contracts.store_urls import database_url_mistake, redis_url_mistake


class StoreSettings(Group):
    """Database, Redis, caches, and the age at which rows are deleted."""

    database_url: SecretStr | None = variable(
        "DATABASE_URL",
        default=None,
        description="No effect, and refused unless it names SQLite: rows are kept in SQLite files.",
    )
    db_pool_size: int = variable(
        "WATTOS_DB_POOL_SIZE", default=4, gt=0, description="Connections that read the database at once."
    )
    statement_timeout_s: float = variable(
        "WATTOS_STATEMENT_TIMEOUT_S", default=5.0, gt=0, description="One database statement."
    )
    redis_url: SecretStr | None = variable(
        "REDIS_URL",
        default=None,
        description="Redis that all replicas share for limits and caches; without it each has its own.",
    )
    redis_timeout_ms: int = variable(
        "WATTOS_REDIS_TIMEOUT_MS", default=100, gt=0, description="Longest wait for Redis."
    )
    cache_enabled: bool = variable(
        "CACHE_ENABLED", default=True, description="Whether searches and answers are cached."
    )
    cache_ttl_s: int | None = variable(
        "CACHE_DEFAULT_TTL",
        default=None,
        gt=0,
        description="Life of what is cached, in s; not set: 300 for a search, 3600 for an answer.",
    )
    cache_max_size: int = variable(
        "CACHE_MAX_SIZE", default=1000, gt=0, description="Entries of caches in memory."
    )
    audit_retention_days: int = variable(
        "WATTOS_AUDIT_RETENTION_DAYS", default=90, gt=0, description="Age at which audit rows are deleted."
    )
    usage_retention_days: int = variable(
        "WATTOS_USAGE_RETENTION_DAYS",
        default=400,
        gt=0,
        description="Age at which rows of model calls are deleted.",
    )

    @field_validator("redis_url")
    @classmethod
    def _redis_url_can_work(cls, url: SecretStr | None) -> SecretStr | None:
        return _checked(url, redis_url_mistake)

    @field_validator("database_url")
    @classmethod
    def _database_url_can_work(cls, url: SecretStr | None) -> SecretStr | None:
        return _checked(url, database_url_mistake)


def _checked(url: SecretStr | None, mistake_of: Callable[[str], str | None]) -> SecretStr | None:
    mistake = None if url is None else mistake_of(url.get_secret_value())
    if mistake is not None:
        raise PydanticCustomError("store_url", "{mistake}", {"mistake": mistake})
    return url

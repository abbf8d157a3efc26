"""From an environment to a running service: reads settings and secrets, opens what the service is given."""

import asyncio
import atexit
import importlib
import json
import time
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Any, cast

from wattos_platform.catalog import Service
from wattos_platform.contracts.metrics import families_of
from wattos_platform.contracts.settings import Settings, SettingsError
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.settings import DatabaseSettings
from wattos_platform.kernel.health import HealthMonitor
from wattos_platform.kernel.hops import Hops, HopSettings
from wattos_platform.kernel.hops.settings import base_urls
from wattos_platform.kernel.identity import IdentitySigner
from wattos_platform.kernel.logging import LogSink, bridge_libraries, make_logger
from wattos_platform.kernel.metrics import Metrics
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.connection import open_redis
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.resilience.concurrency_registry import ConcurrencyLimits
from wattos_platform.kernel.resilience.degrade import Degradations
from wattos_platform.kernel.resilience.gradient import GradientSettings
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp
from wattos_platform.kernel.sharing import open_shared
from wattos_platform.kernel.telemetry import Log

Factory = Callable[[Runtime], ServiceApp]


def load_factory(service: Service) -> Factory:
    """Import the service's code and return its `create_app`."""
    module, _, name = service.factory.partition(":")
    return cast("Factory", getattr(importlib.import_module(module), name))


async def open_runtime(service: Service, environ: Mapping[str, str]) -> Runtime:
    """Return the parts of one service process; belongs to the running event loop.

    SettingsError names a variable or file that is not valid.
    """
    settings = Settings.from_environ(environ)
    sink = LogSink(service.name, settings.log_level, later=asyncio.get_running_loop().call_soon)
    atexit.register(sink.flush)
    bridge_libraries(sink)
    log = make_logger(sink)
    metrics = Metrics(service.name, families_of(service.name, settings.metric_switches))
    breakers = BreakerRegistry(_breaker_settings(settings), clock=time.monotonic, meter=metrics, log=log)
    concurrency = ConcurrencyLimits(_concurrency_settings(settings), meter=metrics)
    signer = _signer(service, settings)
    degradations = Degradations(meter=metrics, log=log, monotonic=time.monotonic)
    redis = _redis(settings, breakers, degradations, log)
    return Runtime(
        service=service,
        settings=settings,
        environ=environ,
        metrics=metrics,
        sink=sink,
        log=log,
        health=HealthMonitor(log=log, on_change=_watcher(log), interval_s=settings.health_interval_s),
        breakers=breakers,
        concurrency=concurrency,
        degradations=degradations,
        hops=_hops(environ, settings, breakers, concurrency, signer=signer, meter=metrics),
        database=await _database(service, settings, breakers, metrics, log),
        signer=signer,
        operator_token=_secret("WATTOS_OPERATOR_TOKEN_FILE", settings.operator_token_file) or "",
        shared=open_shared(
            service.name, settings, redis, meter=metrics, log=log, clock=time.time, monotonic=time.monotonic
        ),
        redis=redis,
        config=read_config(settings.config_file),
    )


async def _database(
    service: Service, settings: Settings, breakers: BreakerRegistry, metrics: Metrics, log: Log
) -> Database | None:
    if not service.database:
        return None
    limits = DatabaseSettings(
        pool_size=settings.db_pool_size,
        pool_wait_s=settings.pool_wait_s,
        statement_timeout_s=settings.statement_timeout_s,
    )
    return await Database.open(
        settings.database_path(service.name), settings=limits, breakers=breakers, meter=metrics, log=log
    )


def _redis(
    settings: Settings, breakers: BreakerRegistry, degradations: Degradations, log: Log
) -> RedisClient | None:
    if settings.redis_url is None:
        return None
    return open_redis(
        settings.redis_url.get_secret_value(),
        breakers=breakers,
        degradation=degradations.of("redis", "Limits and caches go on in this process alone."),
        log=log,
        timeout_s=settings.redis_timeout_ms / 1000,
    )


def _watcher(log: Log) -> Callable[[str, str, str | None], None]:
    def changed(name: str, status: str, message: str | None) -> None:
        level = log.info if status == "up" else log.warning
        level(
            "health_check.changed",
            message=f"{name} is {status}: {message or 'ok'}",
            check=name,
            status=status,
        )

    return changed


def _breaker_settings(settings: Settings) -> BreakerSettings:
    return BreakerSettings(
        failure_threshold=settings.breaker_failures,
        failure_rate=settings.breaker_failure_rate,
        minimum_calls=settings.breaker_minimum_calls,
        slow_call_s=settings.breaker_slow_call_s or inf,
        slow_call_rate=settings.breaker_slow_call_rate,
        window_s=settings.breaker_window_ms / 1000,
        window_calls=settings.breaker_window_calls,
        half_open_permits=settings.breaker_half_open_permits,
        half_open_max_s=settings.breaker_half_open_max_s,
        reset_timeout_s=settings.breaker_reset_ms / 1000,
        wait_growth=settings.breaker_wait_growth,
        wait_cap_s=settings.breaker_wait_cap_s,
        retry_after_cap_s=settings.breaker_retry_after_cap_s,
        jitter=settings.breaker_jitter,
    )


def _concurrency_settings(settings: Settings) -> GradientSettings:
    return GradientSettings(
        minimum=min(settings.concurrency_min, settings.pool_size),
        maximum=settings.pool_size,
        tolerance=settings.concurrency_tolerance,
    )


def _hops(
    environ: Mapping[str, str],
    settings: Settings,
    breakers: BreakerRegistry,
    concurrency: ConcurrencyLimits,
    *,
    signer: IdentitySigner | None,
    meter: Metrics,
) -> Hops:
    limits = HopSettings(
        connect_s=settings.connect_timeout_s,
        first_byte_s=settings.hop_timeout_s,
        idle_s=settings.stream_idle_timeout_s,
        idle_margin_s=settings.stream_idle_margin_s,
        pool_wait_s=settings.pool_wait_s,
    )
    return Hops(
        base_urls(environ),
        breakers,
        concurrency,
        sign=signer.sign if signer else None,
        settings=limits,
        meter=meter,
    )


def _signer(service: Service, settings: Settings) -> IdentitySigner | None:
    key = _secret("WATTOS_IDENTITY_KEY_FILE", settings.identity_key_file)
    if key is None:
        return None
    try:
        return IdentitySigner(key.encode(), service.name)
    except ValueError as error:
        raise SettingsError(f"WATTOS_IDENTITY_KEY_FILE: {error}") from None


def _secret(variable: str, path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: {path} cannot be read: {_why(error)}") from None


def read_config(path: Path | None) -> Mapping[str, Any]:
    """Return the generated configuration, empty without a file; SettingsError for one that cannot be read."""
    if path is None:
        return {}
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise SettingsError(f"WATTOS_CONFIG_FILE: {path} cannot be read: {_why(error)}") from None


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

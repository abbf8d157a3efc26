"""The model gateway as its tests run it: the real app, a real database, a real server."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.fakes.kernel.database import make_database, patient_database
from tests.fakes.kernel.runtime import identity_headers, make_runtime
from tests.fakes.services.server import Served, served
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.services.llm_gateway.app import create_app_with

IDENTITY = identity_headers("llm-gateway")
# Long enough for a slow machine; what a test has to wait for is with those who know that it never comes.
PATIENT = {
    "WATTOS_CONNECT_TIMEOUT_S": "30",
    "WATTOS_PROVIDER_TIMEOUT_S": "30",
    "WATTOS_STREAM_IDLE_TIMEOUT_S": "30",
    "RETRY_INITIAL_DELAY": "1",
    "RETRY_MAX_DELAY": "2",
}
SILENCE = {"WATTOS_PROVIDER_TIMEOUT_S": "1", "WATTOS_STREAM_IDLE_TIMEOUT_S": "1"}
"""The environment of tests whose provider falls silent."""


@asynccontextmanager
async def llm_service(
    tmp_path: Path,
    *,
    config: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    model: Path | None = None,
    lines: list[bytes] | None = None,
    port: int = 0,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    breaker_clock: Callable[[], float] = time.monotonic,
    breaker_settings: BreakerSettings | None = None,
) -> AsyncIterator[Served]:
    """Serve llm-gateway with a database of its own; `model` is the folder of the embedding model.

    It waits long for providers: a test in which one falls silent passes `SILENCE` in `environ`.
    `breaker_clock` is the one by which breakers wait, and nothing else.
    """
    file = tmp_path / "llm-gateway.db"
    make_database(file, "llm-gateway")
    runtime = make_runtime(
        "llm-gateway",
        tmp_path,
        database=await patient_database(file),
        environ={**PATIENT, **(environ or {})},
        config=config,
        lines=lines,
        monotonic=monotonic,
    )
    runtime.clock = clock
    runtime.breakers = BreakerRegistry(
        breaker_settings or BreakerSettings(), clock=breaker_clock, meter=runtime.metrics
    )
    async with served(create_app_with(runtime, model), tmp_path, port=port) as running:
        running.public.headers.update(IDENTITY)
        yield running

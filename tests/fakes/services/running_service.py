"""A service's real app on a real SQLite file, entered and left like a process would."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.kernel.database import make_database, patient_database
from tests.fakes.kernel.runtime import identity_headers, make_runtime
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp

PORT = 3999  # a request without a port would count as one to the operations listener


@dataclass
class RunningService:
    name: str
    app: ServiceApp
    runtime: Runtime
    database: Database
    lines: list[bytes]

    def client(self, tenant: str = "tenant-a", user: str = "user-1") -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url=f"http://{self.name}:{PORT}",
            headers=identity_headers(self.name, tenant, user),
            timeout=30,
        )

    def metric(self, name: str, **labels: str) -> float:
        return float(self.runtime.metrics.registry.get_sample_value(name, labels) or 0.0)


@asynccontextmanager
async def running_service(
    name: str,
    create_app: Callable[[Runtime], ServiceApp],
    tmp_path: Path,
    hops: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[RunningService]:
    path = tmp_path / f"{name}.db"
    make_database(path, name)
    database = await patient_database(path)
    lines: list[bytes] = []
    runtime = make_runtime(
        name,
        tmp_path,
        hops=hops,
        database=database,
        lines=lines,
        environ=environ,
        breakers=BreakerRegistry(BreakerSettings(), clock=time.monotonic),
    )
    try:
        app = create_app(runtime)
    except Exception:
        await database.close()
        raise
    async with app.lifespan():
        yield RunningService(name, app, runtime, database, lines)

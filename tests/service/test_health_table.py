"""Every service and each of its dependencies: what is critical, and what health says while it is down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.kernel.database import PATIENT, make_database
from tests.fakes.kernel.runtime import make_runtime
from wattos_platform.catalog import SERVICES, service
from wattos_platform.contracts.health import HealthReport
from wattos_platform.kernel.bootstrap import load_factory
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.runtime import Runtime

CRITICAL, OPTIONAL = True, False
TABLE = {
    "gateway": {
        "database": CRITICAL,
        "redis": OPTIONAL,
        "chat": OPTIONAL,
        "rag": OPTIONAL,
        "llm-gateway": OPTIONAL,
        "agent": OPTIONAL,
    },
    "agent": {"database": CRITICAL, "redis": OPTIONAL, "llm-gateway": CRITICAL, "rag": OPTIONAL},
    "rag": {"database": CRITICAL, "redis": OPTIONAL, "llm-gateway": OPTIONAL},
    "chat": {"database": CRITICAL, "redis": OPTIONAL, "llm-gateway": CRITICAL, "rag": OPTIONAL},
    "llm-gateway": {
        "database": CRITICAL,
        "redis": OPTIONAL,
        "llm:openai": OPTIONAL,
        "embeddings": OPTIONAL,
    },
    "simulator": {"redis": OPTIONAL},
}
ROWS = [
    pytest.param(name, check, critical, id=f"{name}-{check}")
    for name, checks in TABLE.items()
    for check, critical in checks.items()
    if check != "embeddings"  # its ping belongs to a process; tests/unit has its states
]
CONFIG = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": "http://127.0.0.1:9"}}}}


class FakeRedis:
    """What health asks of Redis."""

    def __init__(self) -> None:
        self.is_up = True

    async def ping(self) -> None:
        if not self.is_up:
            raise ConnectionError("refused")


@dataclass
class Built:
    """A service's app whose dependencies a test takes away and gives back."""

    runtime: Runtime
    client: httpx.AsyncClient
    siblings: dict[str, Any]
    redis: FakeRedis
    registered: dict[str, bool]
    held: AsyncExitStack

    async def take_away(self, check: str) -> None:
        if check == "database":
            assert self.runtime.database is not None
            # The only connection is taken, and nobody waits for it as long as while all is well.
            await self.held.enter_async_context(self.runtime.database.read())
            self.let_wait(0.02)
        elif check == "redis":
            self.redis.is_up = False
        elif check.startswith("llm:"):
            breaker = self.runtime.breakers.get(check)
            for _ in range(5):
                breaker.failure()
        else:
            del self.siblings[check]

    async def give_back(self, check: str) -> None:
        if check == "database":
            self.let_wait(PATIENT.pool_wait_s)
            await self.held.aclose()
        elif check == "redis":
            self.redis.is_up = True
        elif check.startswith("llm:"):
            self.runtime.breakers.get(check).reset()
        else:
            self.siblings[check] = object()

    def let_wait(self, longest_s: float) -> None:
        """Give up a wait for a connection after that time."""
        database: Any = self.runtime.database
        database._readers.pool._timeout = longest_s

    async def told(self, check: str) -> tuple[str, str, int]:
        """Return the status of the check, of the whole, and the status code of readiness."""
        full = await self.client.get("/health")
        report = HealthReport.model_validate(full.json())
        assert full.status_code == (503 if report.status == "unhealthy" else 200)
        ready = (await self.client.get("/health/readiness")).status_code
        return report.checks[check].status, report.status, ready


async def never(_seconds: float) -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def built(name: str, folder: Path) -> AsyncIterator[Built]:
    siblings: dict[str, Any] = {dep.name: object() for dep in service(name).depends_on}
    database = None
    if service(name).database:
        path = folder / f"{name}.db"
        make_database(path, name)
        database = await Database.open(path, settings=replace(PATIENT, pool_size=1))
    environ = {"OPENAI_API_KEY": "sk-test", "JWT_SECRET": "a secret of this test, long enough"}
    runtime = make_runtime(name, folder, hops=siblings, database=database, environ=environ, config=CONFIG)
    redis: Any = FakeRedis()
    runtime.redis = redis
    runtime.health.sleep = never
    app = load_factory(service(name))(runtime)
    registered = {check: result.critical for check, result in runtime.health.results().items()}
    runtime.health.remove("embeddings")
    await runtime.health.start()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    try:
        async with (
            AsyncExitStack() as held,
            httpx.AsyncClient(transport=transport, base_url="http://it:3999") as client,
        ):
            yield Built(runtime, client, siblings, redis, registered, held)
    finally:
        await runtime.health.stop()
        if database is not None:
            await database.close()


def test_every_service_is_in_the_table() -> None:
    assert TABLE.keys() == {each.name for each in SERVICES}


@pytest.mark.parametrize("name", TABLE)
async def test_it_checks_what_the_table_says(name: str, tmp_path: Path) -> None:
    async with built(name, tmp_path) as house:
        assert house.registered == TABLE[name]
        full = (await house.client.get("/health")).json()
        assert (full["status"], full["message"]) == ("healthy", "All systems operational")


@pytest.mark.parametrize(("name", "check", "critical"), ROWS)
async def test_one_failure_warns_three_fail_two_passes_recover(
    name: str, check: str, critical: bool, tmp_path: Path
) -> None:
    async with built(name, tmp_path) as house:
        assert await house.told(check) == ("up", "healthy", 200)
        await house.take_away(check)
        seen = []
        for _ in range(3):
            await house.runtime.health.run_once(check)
            seen.append(await house.told(check))
        warned, failed = ("degraded", "healthy", 200), ("down", "degraded", 200)
        assert seen == [warned, warned, ("down", "unhealthy", 503) if critical else failed]
        result = (await house.client.get("/health")).json()["checks"][check]
        assert (result["critical"], bool(result["message"])) == (critical, True)
        await house.give_back(check)
        await house.runtime.health.run_once(check)
        assert (await house.told(check))[0] == "down"
        await house.runtime.health.run_once(check)
        assert await house.told(check) == ("up", "healthy", 200)


@pytest.mark.parametrize(("name", "check", "critical"), ROWS)
async def test_the_metrics_show_every_check_and_only_those_that_are_there(
    name: str, check: str, critical: bool, tmp_path: Path
) -> None:
    async with built(name, tmp_path) as house:
        shown = f'health_check_up{{check="{check}"}} '
        assert f"{shown}1.0" in (await house.client.get("/metrics")).text
        await house.take_away(check)
        for _ in range(3):
            await house.runtime.health.run_once(check)
        assert f"{shown}0.0" in (await house.client.get("/metrics")).text
        house.runtime.health.remove(check)
        assert shown not in (await house.client.get("/metrics")).text


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("application/json", "application/json"),
        ("application/health+json", "application/health+json"),
        ("text/html, application/health+json;q=0.9", "application/health+json"),
    ],
)
async def test_its_media_type_is_the_one_asked_for(accept: str | None, media: str, tmp_path: Path) -> None:
    async with built("simulator", tmp_path) as house:
        answer = await house.client.get("/health", headers={"accept": accept} if accept else {})
        assert answer.headers["content-type"].split(";")[0] == media
        assert {"status", "timestamp", "message", "version", "uptime_s", "checks"} <= answer.json().keys()

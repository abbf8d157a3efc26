"""A whole gateway on real sockets with its own database, in front of fake upstreams that are real servers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.kernel.database import make_database, patient_database
from tests.fakes.kernel.runtime import IDENTITY_KEY, make_runtime
from tests.fakes.network.asgi_upstream import Seen, Upstream, listening
from tests.fakes.services.server import Served, served
from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.hops import Hops, HopSettings
from wattos_platform.kernel.identity import IdentitySigner
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.services.gateway.app import create_app

JWT_SECRET = "test-secret-of-at-least-thirty-two-bytes"
SERVICES = ("chat", "rag", "llm-gateway", "agent")
# A loop that a busy machine holds up is no service that does not answer.
PATIENT = HopSettings(connect_s=30.0, pool_wait_s=30.0)


@dataclass
class Gateway:
    """The running gateway. `clock` and `monotonic` are the test's to move."""

    served: Served
    upstreams: dict[str, Upstream]
    lines: list[bytes]
    database: Database
    runtime: Any
    offset_s: list[float] = field(default_factory=lambda: [0.0])

    @property
    def url(self) -> str:
        return self.served.url

    def forget(self) -> None:
        """Make the next test start as if nothing had happened; keys and rows stay, and so does the time.

        It never goes back: what was counted later than now would count for good.
        """
        self.lines.clear()
        for upstream in self.upstreams.values():
            upstream.reset()

    async def key(
        self, tenant: str = "tenant-a", user: str = "ada", role: str = "editor", **more: Any
    ) -> str:
        body = {"tenant": tenant, "user": user, "role": role, **more}
        answer = await self.served.ops.post("/admin/tokens", json=body)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token

    async def headers(self, *args: str, **more: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {await self.key(*args, **more)}"}

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Call as an editor of tenant-a, unless `headers` say otherwise."""
        if "headers" not in options:
            options["headers"] = await self.headers()
        return await self.served.public.request(method, path, **options)

    def identity_at(self, service: str, seen: Seen) -> Identity:
        """Return the identity that the gateway signed for `service`, verified as the service would."""
        return IdentitySigner(IDENTITY_KEY, service).verify(seen.headers[b"x-wattos-identity"].decode())


@asynccontextmanager
async def running_gateway(
    tmp_path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    down: tuple[str, ...] = (),
    urls: Mapping[str, str] | None = None,
    hop_settings: HopSettings | None = None,
    redis: RedisClient | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Gateway]:
    """Run a gateway whose upstreams are fakes, but for those at `urls`; those in `down` listen nowhere."""
    lines: list[bytes] = []
    path = tmp_path / "gateway.db"
    make_database(path, "gateway")
    async with AsyncExitStack() as stack:
        upstreams = {name: Upstream() for name in SERVICES}
        await stack.enter_async_context(
            listening([upstream for name, upstream in upstreams.items() if name not in down])
        )
        offset_s = [0.0]
        runtime = make_runtime(
            "gateway",
            tmp_path,
            database=await patient_database(path),
            environ={"JWT_SECRET": JWT_SECRET, **(environ or {})},
            config=config,
            lines=lines,
            redis=redis,
            clock=lambda: time.time() + offset_s[0],
            monotonic=lambda: time.monotonic() + offset_s[0],
        )
        runtime.breakers = BreakerRegistry(BreakerSettings(), clock=runtime.monotonic)
        runtime.hops = Hops(
            {**{name: upstream.url for name, upstream in upstreams.items()}, **(urls or {})},
            runtime.breakers,
            sign=runtime.signer.sign if runtime.signer else None,
            settings=hop_settings or PATIENT,
            monotonic=runtime.monotonic,
            sleep=sleep,
        )
        running = await stack.enter_async_context(served(create_app(runtime), tmp_path))
        yield Gateway(running, upstreams, lines, runtime.database, runtime, offset_s)

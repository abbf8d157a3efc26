"""What replicas share through Redis, and how a service fares when Redis dies, is silent, and comes back."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kernel.meter import FakeLog
from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.redis.clients import redis_client
from tests.fakes.redis.limit_taker import BURST
from tests.fakes.redis.server import RedisServer
from tests.fakes.services.gateway import Gateway, running_gateway
from wattos_platform.kernel.redis.client import RedisClient
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.resilience.cache import MISS
from wattos_platform.kernel.resilience.rate_limits import Limit, Want

ROOT = Path(__file__).resolve().parents[2]
CONVERSATIONS = "/api/v1/conversations"
ENVIRON = {"RATE_LIMIT": "5r/h"}


async def statuses(gateway: Gateway, times: int, headers: dict[str, str]) -> list[int]:
    return [(await gateway.call("GET", CONVERSATIONS, headers=headers)).status_code for _ in range(times)]


async def check_of_redis(gateway: Gateway) -> dict[str, Any]:
    await gateway.runtime.health.run_once("redis")
    body = (await gateway.served.public.get("/health")).json()
    check: dict[str, Any] = body["checks"]["redis"]
    return {"overall": body["status"], "ready": gateway.runtime.health.ready(), **check}


def test_four_processes_share_a_burst_exactly(own_redis: RedisServer) -> None:
    command = [sys.executable, "-m", "tests.fakes.redis.limit_taker", own_redis.url, "500"]
    environ = {"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        taken = [process.communicate("go\n", timeout=60)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert sum(int(number) for number in taken) == BURST


async def test_two_gateways_count_together(tmp_path: Path, own_redis: RedisServer) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "1").mkdir()
    async with (
        redis_client(own_redis.url) as here,
        redis_client(own_redis.url) as there,
        running_gateway(tmp_path / "0", environ=ENVIRON, redis=here) as first,
        running_gateway(tmp_path / "1", environ=ENVIRON, redis=there) as second,
    ):
        assert await statuses(first, 3, await first.headers()) == [200] * 3
        assert await statuses(second, 3, await second.headers()) == [200, 200, 429]
        refused = await second.call("GET", CONVERSATIONS, headers=await second.headers())
        assert 1 <= int(refused.headers["retry-after"]) <= 720


async def test_a_gateway_outlives_its_redis_and_finds_it_again(
    tmp_path: Path, own_redis: RedisServer
) -> None:
    log = FakeLog()
    async with (
        redis_client(own_redis.url, log=log) as client,
        running_gateway(tmp_path, environ=ENVIRON, redis=client) as gateway,
    ):
        users = [await gateway.headers(user=f"user-{number}") for number in range(20)]
        assert await statuses(gateway, 3, users[0]) == [200] * 3
        assert await check_of_redis(gateway) | {"age_s": 0, "response_time_ms": 0} == {
            "overall": "healthy", "ready": True, "status": "up", "critical": False, "age_s": 0,
            "response_time_ms": 0,
        }  # fmt: skip

        calls = [asyncio.create_task(statuses(gateway, 4, user)) for user in users[1:]]
        await asyncio.sleep(0.02)
        own_redis.kill()
        async with asyncio.timeout(30):
            # What Redis let through before it died is not counted here: nobody is refused too early.
            assert await asyncio.gather(*calls) == [[200] * 4] * 19
        assert await statuses(gateway, 7, users[0]) == [200] * 5 + [429] * 2
        for _ in range(3):
            check = await check_of_redis(gateway)
        assert (check["overall"], check["ready"], check["status"]) == ("degraded", True, "down")
        assert [event for _, event, _ in log.events] == ["dependency.degraded"]

        own_redis.start()
        async with asyncio.timeout(30):
            while (await gateway.call("GET", CONVERSATIONS, headers=users[0])).status_code == 429:
                await asyncio.sleep(0.05)
        # Redis came back empty: one of five was taken there by the call that found it.
        assert await statuses(gateway, 5, users[0]) == [200] * 4 + [429]
        assert [event for _, event, _ in log.events] == ["dependency.degraded", "dependency.recovered"]


async def test_a_redis_that_accepts_and_is_silent_holds_up_no_gateway(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        async with (
            redis_client(url, timeout_s=0.1) as client,
            running_gateway(tmp_path, environ=ENVIRON, redis=client) as gateway,
            asyncio.timeout(60),
        ):
            users = [await gateway.headers(user=f"user-{number}") for number in range(10)]
            for user in users:
                assert await statuses(gateway, 6, user) == [200] * 5 + [429]


async def test_while_redis_is_frozen_limits_and_places_go_on_here(
    tmp_path: Path, own_redis: RedisServer
) -> None:
    async with redis_client(own_redis.url, timeout_s=2) as client:
        runtime = make_runtime("gateway", tmp_path, redis=client)
        shadow = Limit("try", 1, 36_000, shadow=True)
        wants = [Want("u", Limit("user", 3, 36_000)), Want("u", shadow)]
        before = await runtime.slots.take("u", 1, 3600)
        assert before is not None
        assert (await runtime.limiter.acquire(wants)).remaining == 2

        own_redis.pause()
        assert [(await runtime.limiter.acquire(wants)).allowed for _ in range(4)] == [True] * 3 + [False]
        during = await runtime.slots.take("u", 1, 3600)
        assert during is not None
        assert await runtime.slots.take("u", 1, 3600) is None
        assert await runtime.slots.renew(before, 3600)

        own_redis.resume()
        await answers_again(client)
        assert await runtime.slots.take("u", 1, 3600) is None
        assert [await runtime.slots.release(lease) for lease in (before, during)] == [True, True]
        assert await runtime.slots.take("u", 1, 3600) is not None


@pytest.mark.parametrize("_", [pytest.param(0, id="defect-50-down")])
async def test_a_cache_goes_on_in_memory_while_redis_is_dead(
    tmp_path: Path, own_redis: RedisServer, _: int
) -> None:
    async with redis_client(own_redis.url) as client:
        runtime = make_runtime("rag", tmp_path, redis=client)
        cache = runtime.cache("rag-search", 300)
        await cache.set("space", "k", "in Redis")
        own_redis.kill()
        assert await cache.get("space", "k") is MISS
        await cache.set("space", "k", "in memory")
        assert await cache.get("space", "k") == "in memory"
        own_redis.start()
        await answers_again(client)
        assert await cache.get("space", "k") is MISS
        await cache.set("space", "k", "in Redis again")
        assert await client.execute("DBSIZE") == 2
        assert await cache.get("space", "k") == "in Redis again"
        errors = runtime.metrics.registry.get_sample_value(
            "cache_operations_total", {"cache": "rag-search", "result": "error"}
        )
        assert errors == 0


@pytest.mark.parametrize("_", [pytest.param(0, id="defect-50-hang")])
async def test_a_silent_redis_makes_no_cache_wait_for_long(tmp_path: Path, _: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        async with redis_client(url, timeout_s=0.1) as client, asyncio.timeout(30):
            # The time-out that ends the waits is the client's; the cache's own guard stays out of it.
            environ = {"WATTOS_REDIS_TIMEOUT_MS": "10000"}
            cache = make_runtime("rag", tmp_path, redis=client, environ=environ).cache("rag-search", 300)
            # A thousand time-outs of 100 ms each would be far beyond the bound.
            for number in range(1000):
                await cache.set("space", str(number), number)
            assert await cache.get("space", "999") == 999


async def answers_again(client: RedisClient) -> None:
    """Return once the breaker has let a ping through and it was answered."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await client.ping()
            except RedisUnavailableError:
                await asyncio.sleep(0.02)

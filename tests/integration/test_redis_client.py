"""The client of Redis against a real redis-server: shared round trips, time-outs, breaker, recovery."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog, FakeMeter
from tests.fakes.network.certificates import self_signed
from tests.fakes.redis.clients import answered, redis_client
from tests.fakes.redis.server import RedisServer, redis_server
from wattos_platform.catalog import service as catalog_service
from wattos_platform.contracts.settings import SettingsError
from wattos_platform.kernel.bootstrap import open_runtime
from wattos_platform.kernel.redis.client import MAX_BATCH, RedisClient
from wattos_platform.kernel.redis.connection import BREAKER
from wattos_platform.kernel.redis.errors import RedisUnavailableError
from wattos_platform.kernel.redis.scripts import Script
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings, State

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
def silent() -> Iterator[str]:
    """Yield the URL of something that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


async def refused_count(client: RedisClient, times: int) -> int:
    failures = 0
    for _ in range(times):
        try:
            await client.execute("PING")
        except RedisUnavailableError:
            failures += 1
    return failures


async def test_values_come_back_as_they_were_stored(own_redis: RedisServer) -> None:
    async with redis_client(own_redis.url) as client:
        assert await client.execute("GET", "k") is None
        await client.execute("SET", "k", b"\x00v")
        assert await client.execute("GET", "k") == b"\x00v"


async def test_a_unix_socket_serves_too(own_redis: RedisServer) -> None:
    async with redis_client(own_redis.unix_url) as client:
        await client.execute("SET", "k", 1)
        assert await client.execute("GET", "k") == b"1"


async def test_what_is_asked_at_one_time_shares_a_round_trip(own_redis: RedisServer) -> None:
    async with redis_client(own_redis.url) as client:
        await client.execute("PING")
        before = await reads(client)
        answers = await asyncio.gather(*(client.execute("ECHO", str(n)) for n in range(MAX_BATCH)))
        assert answers == [str(n).encode() for n in range(MAX_BATCH)]
        # One to write them all, one for INFO itself; a large batch may arrive in a few pieces.
        assert await reads(client) - before < MAX_BATCH / 10


async def test_more_than_a_batch_holds_is_answered_in_order(own_redis: RedisServer) -> None:
    async with redis_client(own_redis.url) as client:
        many = 3 * MAX_BATCH + 1
        answers = await asyncio.gather(*(client.execute("INCR", "n") for _ in range(many)))
        assert answers == list(range(1, many + 1))


async def test_a_refused_command_is_that_command_s_alone(own_redis: RedisServer) -> None:
    meter, log = FakeMeter(), FakeLog()
    async with redis_client(own_redis.url, meter=meter, log=log) as client:
        await client.execute("SET", "text", "a")
        bad, good = await asyncio.gather(
            client.execute("INCR", "text"), client.execute("GET", "text"), return_exceptions=True
        )
        assert (type(bad), good) == (RedisUnavailableError, b"a")
        assert next(event for _, event, _ in log.events) == "dependency.degraded"
        assert meter.total("degraded_total", dependency="redis") == 1


async def test_a_cancelled_caller_leaves_the_others_alone(own_redis: RedisServer) -> None:
    async with redis_client(own_redis.url) as client:
        first, second = (asyncio.create_task(client.execute("ECHO", text)) for text in ("a", "b"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == b"b"


async def test_a_script_that_redis_forgot_is_taught_anew(own_redis: RedisServer) -> None:
    async with redis_client(own_redis.url) as client:
        assert await client.run(ADD, ["n"], [2]) == 2
        await client.execute("SCRIPT", "FLUSH")
        assert await client.run(ADD, ["n"], [3]) == 5
        own_redis.restart()
        await answered(client)
        assert await client.run(ADD, ["n"], [1]) == 1


async def opened(breakers: BreakerRegistry) -> None:
    """Return once the breaker refuses: the search has failed often enough."""
    async with asyncio.timeout(30):
        while breakers.get(BREAKER).state is not State.OPEN:
            await asyncio.sleep(0.01)


async def test_a_dead_redis_is_told_at_once_once_and_found_again(own_redis: RedisServer) -> None:
    meter, log, clock = FakeMeter(), FakeLog(), FakeClock()
    breakers = BreakerRegistry(BreakerSettings(), clock=clock)
    async with redis_client(own_redis.url, timeout_s=1, meter=meter, log=log, breakers=breakers) as client:
        await answered(client)
        before, told = meter.total("degraded_total", dependency="redis"), len(log.events)
        own_redis.kill()
        assert await refused_count(client, 20) == 20
        assert meter.total("degraded_total", dependency="redis") - before == 20
        await opened(breakers)
        assert breakers.get(BREAKER).total_failures == 3, "one operation and two attempts of the search"
        own_redis.start()
        clock.advance(2)
        await answered(client)
        assert [event for _, event, _ in log.events[told:]] == ["dependency.degraded", "dependency.recovered"]


@pytest.mark.parametrize("callers", [1, 50])
async def test_a_silent_redis_costs_one_time_out_whoever_comes_and_how_often(
    silent: str, callers: int
) -> None:
    breakers = BreakerRegistry(BreakerSettings(), clock=FakeClock())
    async with redis_client(silent, timeout_s=0.3, breakers=breakers) as client, asyncio.timeout(30):
        failures = await asyncio.gather(*(refused_count(client, 1) for _ in range(callers)))
        assert sum(failures) == callers
        assert await refused_count(client, 1000) == 1000
        await opened(breakers)
        # One batch for all of them together, and two attempts of the search, for which nobody waited.
        assert breakers.get(BREAKER).total_failures == 3


async def test_a_frozen_redis_is_asked_once_by_all_that_a_request_does_with_it(
    own_redis: RedisServer,
) -> None:
    async with redis_client(own_redis.url, timeout_s=1) as client:
        await answered(client)
        own_redis.pause()
        for command in ("GET", "INCR", "GET", "DEL", "GET"):
            with pytest.raises(RedisUnavailableError, match="no answer in time"):
                await client.execute(command, "k")
        own_redis.resume()
        await answered(client)
        asked = await commands(client)
    # What was sent to the frozen one is done when it goes on; the rest was never sent.
    assert {name: asked.get(name, 0) for name in ("get", "incr", "del")} == {"get": 1, "incr": 0, "del": 0}


async def test_a_pause_is_over_as_soon_as_redis_answers_again(own_redis: RedisServer) -> None:
    clock = FakeClock()  # stands still: no wait of the breaker ever ends
    breakers = BreakerRegistry(BreakerSettings(), clock=clock)
    async with redis_client(own_redis.url, timeout_s=2, breakers=breakers) as client:
        await answered(client)
        own_redis.pause()
        assert await refused_count(client, 1) == 1
        own_redis.resume()
        await answered(client)
        breaker = breakers.get(BREAKER)
        assert (breaker.state, breaker.refused) == (State.CLOSED, 0)


async def test_while_one_operation_probes_after_a_trip_nobody_else_waits(silent: str) -> None:
    clock = FakeClock()
    breakers = BreakerRegistry(BreakerSettings(), clock=clock)
    async with redis_client(silent, timeout_s=2, breakers=breakers) as client:
        breakers.get(BREAKER).trip(ttl_s=1)
        clock.advance(2)
        probe = asyncio.create_task(refused_count(client, 1))
        await asyncio.sleep(0)
        assert await refused_count(client, 100) == 100
        assert not probe.done()
        assert await probe == 1


async def test_who_comes_during_a_silence_shares_its_end(own_redis: RedisServer) -> None:
    breakers = BreakerRegistry(BreakerSettings(), clock=FakeClock())
    async with redis_client(own_redis.url, timeout_s=1, breakers=breakers) as client:
        await client.execute("PING")
        own_redis.pause()
        early = asyncio.create_task(refused_count(client, 1))
        await asyncio.sleep(0.1)
        late = asyncio.create_task(refused_count(client, 1))
        assert [await early, await late] == [1, 1]
        await opened(breakers)
        assert breakers.get(BREAKER).total_failures == 3, "one for both of them, two of the search"


async def test_a_tripped_breaker_spares_redis(own_redis: RedisServer) -> None:
    breakers = BreakerRegistry(BreakerSettings(), clock=time.monotonic)
    async with redis_client(own_redis.url, breakers=breakers) as client:
        breakers.get(BREAKER).trip(reason="drill")
        with pytest.raises(RedisUnavailableError, match="circuit breaker redis:main is open"):
            await client.execute("PING")
        breakers.get(BREAKER).reset()
        await client.ping()


async def test_health_says_why(own_redis: RedisServer, silent: str) -> None:
    meter = FakeMeter()
    async with redis_client(silent, timeout_s=0.1, meter=meter) as client:
        with pytest.raises(RedisUnavailableError, match="no answer in time"):
            await client.ping()
    own_redis.kill()
    async with redis_client(own_redis.url, meter=meter) as client:
        with pytest.raises(RedisUnavailableError, match="Connection refused"):
            await client.ping()
    assert meter.total("degraded_total") == 0


async def test_a_password_is_used_and_never_told(tmp_path: Path) -> None:
    with redis_server(tmp_path, password="s3cretword") as server:
        async with redis_client(server.url) as client:
            await client.execute("SET", "k", 1)
        log = FakeLog()
        async with redis_client(server.url.replace("s3cret", "wr0ng"), log=log) as client:
            with pytest.raises(RedisUnavailableError) as refused:
                await client.ping()
        async with redis_client(f"redis://127.0.0.1:{server.port}", log=log) as client:
            with pytest.raises(RedisUnavailableError) as unnamed:
                await client.execute("GET", "k")
    told = f"{refused.value}{unnamed.value}{log.events}"
    assert "word" not in told.replace("password", "")
    assert "127.0.0.1" not in told


async def test_tls_serves_whoever_knows_the_authority(tmp_path: Path) -> None:
    with redis_server(tmp_path, password="s3cret", certificate=self_signed(tmp_path)) as server:
        async with redis_client(server.url) as client:
            await client.execute("SET", "k", "v")
            assert await client.execute("GET", "k") == b"v"
        async with redis_client(server.url.partition("?")[0]) as stranger:
            with pytest.raises(RedisUnavailableError, match=r"^TLS: .*certificate"):
                await stranger.ping()
        async with redis_client(server.url.replace("rediss:", "redis:").partition("?")[0]) as plain:
            with pytest.raises(RedisUnavailableError):
                await plain.ping()


async def test_messages_reach_a_subscriber(own_redis: RedisServer) -> None:
    async with redis_client(own_redis.url) as client, client.subscribed("news") as listener:
        await client.execute("PUBLISH", "news", "hello")
        async with asyncio.timeout(10):
            message = await listener.get_message(timeout=10)
        assert (message["channel"], message["data"]) == (b"news", b"hello")


async def test_subscribing_to_a_silent_redis_ends(silent: str) -> None:
    async with redis_client(silent, timeout_s=0.1) as client, asyncio.timeout(20):
        with pytest.raises(RedisUnavailableError, match="no answer in time"):
            async with client.subscribed("news"):
                pass


async def test_closing_tells_those_who_wait(silent: str) -> None:
    async with redis_client(silent) as client:
        waiting = asyncio.create_task(refused_count(client, 1))
        await asyncio.sleep(0.01)
    assert await waiting == 1


@pytest.mark.parametrize("name", ["gateway"])
async def test_a_service_is_given_redis_when_it_is_configured(
    tmp_path: Path, own_redis: RedisServer, name: str
) -> None:
    environ = {"WATTOS_DATA_DIR": str(tmp_path), "REDIS_URL": own_redis.url, "WATTOS_LOG_LEVEL": "critical"}
    runtime = await open_runtime(catalog_service(name), environ)
    assert runtime.redis is not None
    assert runtime.redis.timeout_s == 0.1
    await answered(runtime.redis)  # a busy machine may take longer than that
    await runtime.redis.close()
    assert runtime.database is not None
    await runtime.database.close()


async def test_an_option_that_connections_do_not_have_is_refused() -> None:
    with pytest.raises(SettingsError, match="REDIS_URL"):
        async with redis_client("rediss://h?ssl_cert_reqs=perhaps"):
            pass


async def reads(client: RedisClient) -> int:
    """Return how often Redis has read from its clients' sockets."""
    info: Any = await client.execute("INFO", "stats")
    return int(info["total_reads_processed"])


async def commands(client: RedisClient) -> dict[str, int]:
    """Return how often Redis has done each command since it started."""
    info: Any = await client.execute("INFO", "commandstats")
    return {name.removeprefix("cmdstat_"): int(stat["calls"]) for name, stat in info.items()}

"""The limiter in Redis agrees with the model that the one in memory agrees with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.limiter_machine import LimiterMachine
from tests.fakes.redis_clients import redis_client
from tests.fakes.redis_server import RedisServer, redis_server
from tests.fakes.redis_time import age
from wattos_platform.kernel.redis.limiter import RedisLimiter


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    folder: Path = tmp_path_factory.mktemp("redis")
    with redis_server(folder) as started:
        yield started


def test_redis_agrees_with_buckets_of_whole_tokens(server: RedisServer) -> None:
    class Machine(LimiterMachine):
        async def open(self) -> None:
            self.opened = redis_client(server.url)
            self.client = await self.opened.__aenter__()
            await self.client.execute("FLUSHALL")
            self.limiter = RedisLimiter(self.client, "gateway")

        async def age(self, seconds: int) -> None:
            await age(self.client, seconds)

        async def close(self) -> None:
            await self.opened.__aexit__(None, None, None)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

"""The limiter in Redis agrees with the model that the one in memory agrees with."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.limiter_machine import LimiterMachine
from tests.fakes.redis.clients import redis_client
from tests.fakes.redis.server import RedisServer
from tests.fakes.redis.time import age
from wattos_platform.kernel.redis.limiter import RedisLimiter


def test_redis_agrees_with_buckets_of_whole_tokens(shared_redis: RedisServer) -> None:
    class Machine(LimiterMachine):
        async def open(self) -> None:
            self.opened = redis_client(shared_redis.url)
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

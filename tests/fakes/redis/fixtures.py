"""Fixtures with a real Redis, for tests of every folder (`tests/conftest.py` names this module).

`own_redis`     a redis-server of the test's own, to be killed, paused and started again
`shared_redis`  one for the tests of a module; who kills it starts it again
`redis`         a client of `shared_redis`, which is empty when the test begins
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.redis.clients import redis_client
from tests.fakes.redis.server import RedisServer, redis_server
from wattos_platform.kernel.redis.client import RedisClient


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture
async def redis(shared_redis: RedisServer) -> AsyncIterator[RedisClient]:
    async with redis_client(shared_redis.url) as opened:
        await opened.execute("FLUSHALL")
        yield opened

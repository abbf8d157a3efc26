"""`python -m tests.fakes.redis.limit_taker URL TRIES`: one of several processes that draw on one burst.

Says `ready`, waits for a line, tries, says how often it was let through.
"""

import asyncio
import sys

from tests.fakes.redis.clients import redis_client
from wattos_platform.kernel.redis.limiter import RedisLimiter
from wattos_platform.kernel.resilience.rate_limits import Limit, Want

BURST = 100
WANT = Want("tenant-a/ada", Limit("user", BURST, 36_000))


async def main(url: str, tries: int) -> None:
    async with redis_client(url) as client:
        limiter = RedisLimiter(client, "gateway")
        await client.ping()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        decisions = await asyncio.gather(*(limiter.acquire([WANT]) for _ in range(tries)))
        sys.stdout.write(f"{sum(decision.allowed for decision in decisions)}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))

"""What CACHE_ENABLED and CACHE_DEFAULT_TTL do to the caches that services ask their runtime for."""

from pathlib import Path

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.runtime import make_runtime
from wattos_platform.kernel.resilience.cache import MISS


@pytest.mark.parametrize(
    ("environ", "lives_s"),
    [({}, 300), ({"CACHE_DEFAULT_TTL": "10"}, 10), ({"CACHE_DEFAULT_TTL": "7200"}, 7200)],
    ids=["the service's own", "shorter", "longer"],
)
async def test_how_long_an_entry_lives(tmp_path: Path, environ: dict[str, str], lives_s: int) -> None:
    clock = FakeClock()
    cache = make_runtime("rag", tmp_path, environ=environ, clock=clock).cache("rag-search", 300)
    await cache.set("space", "k", 1)
    clock.advance(lives_s - 1)
    assert await cache.get("space", "k") == 1
    clock.advance(1)
    assert await cache.get("space", "k") is MISS


async def test_a_cache_that_is_switched_off_keeps_nothing(tmp_path: Path) -> None:
    cache = make_runtime("rag", tmp_path, environ={"CACHE_ENABLED": "false"}).cache("rag-search", 300)
    await cache.set("space", "k", 1)
    assert await cache.get("space", "k") is MISS


async def test_caches_in_memory_share_their_bound(tmp_path: Path) -> None:
    runtime = make_runtime("rag", tmp_path, environ={"CACHE_MAX_SIZE": "4"})
    first, second = runtime.cache("first", 300), runtime.cache("second", 300)
    await first.set("space", "k", 1)
    for number in range(10):
        await second.set("space", str(number), number)
    assert await first.get("space", "k") is MISS
    assert await second.get("space", "9") == 9

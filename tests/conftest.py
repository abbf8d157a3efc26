"""What holds for all tests.

Shared suites explain their assertions, no property is judged by the clock, and the longest come first.
"""

import gc
import os
from collections.abc import Generator

# Tests run beside each other: threads of numpy would burn what others need while they wait for a processor.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fakes.kernel.fixtures", "tests.fakes.redis.fixtures"]
pytest.register_assert_rewrite(
    "tests.contract.cache_contract", "tests.contract.limiter_contract", "tests.contract.slots_contract"
)

# Hypothesis would fail an example, or its making, that a busy machine interrupts for long enough.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of garbage leave alone what a collection of tests makes: all of it stays.

    It would spend a quarter of the time on that, in every worker, and look at it again during tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that are marked `long`, the longest first; all others stay in their order."""
    items.sort(key=_seconds, reverse=True)


def _seconds(item: pytest.Item) -> int:
    marker = item.get_closest_marker("long")
    return int(marker.args[0]) if marker and marker.args else 60 * bool(marker)

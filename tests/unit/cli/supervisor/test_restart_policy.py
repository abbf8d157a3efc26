"""Back-off, crash loop, stable window: with a clock and a random source of our own."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.kernel.clock import FakeClock
from wattos_cli.supervisor.restart_policy import RestartPolicy, RestartSettings


def policy(settings: RestartSettings, clock: FakeClock) -> RestartPolicy:
    return RestartPolicy(settings, clock, Random(7))


def test_delay_doubles_with_jitter_up_to_the_cap() -> None:
    settings = RestartSettings(base_s=1, cap_s=4, limit=99, window_s=60)
    record = policy(settings, FakeClock())
    ceilings = [1, 2, 4, 4, 4]
    delays = [record.ended(0).delay_s for _ in ceilings]
    for delay, ceiling in zip(delays, ceilings, strict=True):
        assert delay is not None
        assert ceiling / 2 <= delay <= ceiling


def test_too_many_ends_within_the_window_are_a_crash_loop() -> None:
    record = policy(RestartSettings(limit=3, window_s=10), FakeClock())
    assert [record.ended(0).delay_s is None for _ in range(3)] == [False, False, True]


def test_ends_outside_the_window_do_not_count() -> None:
    clock = FakeClock()
    record = policy(RestartSettings(limit=2, window_s=10), clock)
    for _ in range(5):
        assert record.ended(0).delay_s is not None
        clock.now += 11


def test_a_stable_time_starts_from_the_beginning() -> None:
    record = policy(RestartSettings(base_s=1, limit=3, stable_s=30), FakeClock())
    record.ended(0)
    record.ended(0)
    verdict = record.ended(ready_for_s=31)
    assert verdict.delay_s is not None
    assert verdict.delay_s <= 1


def test_it_tells_how_many_more_ends_it_bears() -> None:
    clock = FakeClock()
    record = policy(RestartSettings(limit=4, window_s=10, stable_s=30), clock)
    assert record.left(ready_for_s=0) == 3
    record.ended(0)
    clock.now += 6
    record.ended(0)
    assert record.left(ready_for_s=1) == 1
    assert record.left(ready_for_s=30) == 3, "a stable time forgets them"
    clock.now += 5
    assert record.left(ready_for_s=6) == 2, "the first one is outside the window"
    assert [record.ended(0).delay_s is None for _ in range(3)] == [False, False, True]


def test_reset_forgets_everything() -> None:
    record = policy(RestartSettings(limit=2), FakeClock())
    record.ended(0)
    record.reset()
    assert record.ended(0).delay_s is not None


@pytest.mark.parametrize("limit", [1, 2, 5])
@given(steps=st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_never_more_restarts_in_a_window_than_allowed(limit: int, steps: list[float]) -> None:
    clock = FakeClock()
    record = policy(RestartSettings(limit=limit, window_s=60, stable_s=1e9), clock)
    restarts: list[float] = []
    for step in steps:
        clock.now += step
        if record.ended(0).delay_s is None:
            break
        restarts.append(clock.now)
        recent = [at for at in restarts if at >= clock.now - 60]
        assert len(recent) < limit

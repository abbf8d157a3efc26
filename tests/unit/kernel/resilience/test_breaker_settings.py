"""Every figure of a circuit breaker is a setting of the service."""

from math import inf
from typing import Any

import pytest

from wattos_platform.catalog import service
from wattos_platform.contracts.settings import Settings, SettingsError
from wattos_platform.kernel.bootstrap import open_runtime
from wattos_platform.kernel.resilience.breaker import BreakerSettings


async def settings(environ: dict[str, str]) -> BreakerSettings:
    return (await open_runtime(service("simulator"), environ)).breakers.settings


async def test_defaults() -> None:
    assert await settings({}) == BreakerSettings()


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("CIRCUIT_BREAKER_FAILURE_THRESHOLD", "7", "failure_threshold", 7),
        ("CIRCUIT_BREAKER_RESET_TIMEOUT", "1500", "reset_timeout_s", 1.5),
        ("CIRCUIT_BREAKER_MONITORING_PERIOD", "30000", "window_s", 30.0),
        ("WATTOS_BREAKER_FAILURE_RATE", "0.25", "failure_rate", 0.25),
        ("WATTOS_BREAKER_MINIMUM_CALLS", "20", "minimum_calls", 20),
        ("WATTOS_BREAKER_SLOW_CALL_S", "2.5", "slow_call_s", 2.5),
        ("WATTOS_BREAKER_SLOW_CALL_S", "", "slow_call_s", inf),
        ("WATTOS_BREAKER_SLOW_CALL_RATE", "0.8", "slow_call_rate", 0.8),
        ("WATTOS_BREAKER_WINDOW_CALLS", "100", "window_calls", 100),
        ("WATTOS_BREAKER_HALF_OPEN_PERMITS", "3", "half_open_permits", 3),
        ("WATTOS_BREAKER_HALF_OPEN_MAX_S", "10", "half_open_max_s", 10.0),
        ("WATTOS_BREAKER_WAIT_GROWTH", "1.5", "wait_growth", 1.5),
        ("WATTOS_BREAKER_WAIT_CAP_S", "120", "wait_cap_s", 120.0),
        ("WATTOS_BREAKER_RETRY_AFTER_CAP_S", "60", "retry_after_cap_s", 60.0),
        ("WATTOS_BREAKER_JITTER", "0", "jitter", 0.0),
    ],
    ids=lambda value: str(value),
)
async def test_a_variable_sets_its_figure(variable: str, text: str, name: str, value: Any) -> None:
    assert getattr(await settings({variable: text}), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("WATTOS_BREAKER_FAILURE_RATE", "1.5"),
        ("WATTOS_BREAKER_SLOW_CALL_RATE", "0"),
        ("WATTOS_BREAKER_MINIMUM_CALLS", "0"),
        ("WATTOS_BREAKER_WINDOW_CALLS", "-1"),
        ("WATTOS_BREAKER_JITTER", "1"),
        ("WATTOS_BREAKER_WAIT_GROWTH", "0.5"),
        ("WATTOS_BREAKER_WAIT_CAP_S", "nan"),
    ],
)
def test_nonsense_is_refused_by_name(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environ({variable: text})


def test_what_runs_on_this_machine_is_asked_again_soon() -> None:
    near = BreakerSettings().nearby()
    assert (near.reset_timeout_s, near.wait_cap_s) == (5.0, 30.0)
    near = BreakerSettings(reset_timeout_s=1, wait_cap_s=2).nearby()
    assert (near.reset_timeout_s, near.wait_cap_s) == (1, 2)

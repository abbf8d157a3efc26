"""The bounds of a hop are settings, and whoever waits for another waits longer than that one."""

import pytest

from wattos_platform import catalog
from wattos_platform.contracts.settings import Settings, SettingsError
from wattos_platform.kernel.bootstrap import open_runtime
from wattos_platform.kernel.hops.settings import HopSettings

SETTINGS = HopSettings(idle_s=6.0, idle_margin_s=2.0)


async def settings(environ: dict[str, str]) -> HopSettings:
    return (await open_runtime(catalog.service("simulator"), environ)).hops.settings


async def test_defaults() -> None:
    assert await settings({}) == HopSettings()


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("WATTOS_CONNECT_TIMEOUT_S", "connect_s"),
        ("WATTOS_HOP_TIMEOUT_S", "first_byte_s"),
        ("WATTOS_STREAM_IDLE_TIMEOUT_S", "idle_s"),
        ("WATTOS_STREAM_IDLE_MARGIN_S", "idle_margin_s"),
        ("WATTOS_POOL_WAIT_S", "pool_wait_s"),
    ],
)
async def test_a_variable_sets_its_bound(variable: str, name: str) -> None:
    assert getattr(await settings({variable: "7.5"}), name) == 7.5


def test_a_service_that_waits_no_longer_than_the_ones_behind_it_is_refused() -> None:
    with pytest.raises(SettingsError, match="WATTOS_STREAM_IDLE_MARGIN_S"):
        Settings.from_environ({"WATTOS_STREAM_IDLE_MARGIN_S": "0"})


@pytest.mark.parametrize("service", catalog.SERVICES, ids=lambda service: service.name)
def test_whoever_waits_for_another_waits_longer_than_that_one(service: catalog.Service) -> None:
    behind = [SETTINGS.silence_s(dep.name) for dep in service.depends_on] or [SETTINGS.idle_s]
    assert SETTINGS.silence_s(service.name) >= max(behind) + SETTINGS.idle_margin_s

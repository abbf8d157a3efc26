"""How long a service waits for another that is silent."""

import pytest

from wattos_platform import catalog
from wattos_platform.kernel.hops.settings import HopSettings

SETTINGS = HopSettings(idle_s=6.0, nested_idle_s=2.0)


@pytest.mark.parametrize("service", catalog.SERVICES, ids=lambda service: service.name)
def test_whoever_waits_for_another_waits_longer_than_that_one(service: catalog.Service) -> None:
    behind = [SETTINGS.silence_s(dep.name) for dep in service.depends_on] or [SETTINGS.idle_s]
    assert SETTINGS.silence_s(service.name) >= max(behind) + SETTINGS.nested_idle_s

"""What stands around a part of the kernel, for tests of every folder (`tests/conftest.py` names this module).

`clock`   time that passes only when the test says so
`meter`   remembers what was counted
`log`     remembers what was told
"""

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog, FakeMeter


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def meter() -> FakeMeter:
    return FakeMeter()


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()

"""`wattos drill run` of every built-in drill in which a provider fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.drills.house import check_that_it_holds, drill_house
from tests.fakes.project.running import RunningProject
from wattos_cli.drills.files.built_in import built_in_names
from wattos_cli.drills.files.catalogue import drills_called

# Most of it is waiting, which goes on beside the other drills: they are in test_drills.py.
pytestmark = [pytest.mark.e2e, pytest.mark.long(200), pytest.mark.timeout(150)]
DRILLS = [drill.name for drill in drills_called(built_in_names(), Path()) if drill.requires.providers]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    with drill_house(tmp_path_factory.mktemp("house")) as project:
        yield project


@pytest.mark.parametrize("name", DRILLS)
def test_the_platform_holds(house: RunningProject, tmp_path: Path, name: str) -> None:
    check_that_it_holds(house, tmp_path, name)

"""Fixtures of the end-to-end tests: the real command line, real processes, ports of their own.

`platform`   a whole platform that is up, shared by the tests of one module, always torn down:

    def test_it_answers(platform):
        done = platform.wattos("health", "-o", "json")        # CompletedProcess[str]; any argv, any time
        assert done.returncode == 0, done.stderr
        httpx.get(f"{platform.url('gateway')}/health/liveness")
        platform.rows()                                        # what `ps -o json` lists
        platform.log("chat")                                   # whole text of .wattos/logs/chat.0.log

`standing`   the same, shared by all tests of a run that neither stop nor change it; use tenants of your own.

`project`    a fresh, empty project folder for one test, nothing started, for tests that break things;
             `project.configure(toml)` writes wattos.toml, `project.wattos("up")` starts it.

All are `tests.fakes.running_project.RunningProject`: `.root`, `.port_offset`, `.environ` (change it to
set variables for later commands). Each has an XDG_RUNTIME_DIR and a block of ports of its own, so
tests may run in parallel. Mark modules with `pytestmark = pytest.mark.e2e`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.running_project import RunningProject, running_project


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A running platform for the tests of one module."""
    with running_project(tmp_path_factory.mktemp("platform")) as project:
        started = project.wattos("up")
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        yield project


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A running platform for all tests that leave it as it is."""
    with running_project(tmp_path_factory.mktemp("standing")) as project:
        started = project.wattos("up")
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        yield project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    """A project folder in which nothing runs yet."""
    with running_project(tmp_path / "project") as fresh:
        yield fresh

"""Fixtures of the end-to-end tests: the real command line, real processes, ports of their own.

`platform`   a whole platform that is up, shared by the tests of one module, always torn down:

    def test_it_answers(platform):
        done = platform.wattos("health", "-o", "json")        # CompletedProcess[str]; any argv, any time
        assert done.returncode == 0, done.stderr
        httpx.get(f"{platform.url('gateway')}/health/liveness")
        platform.rows()                                        # what `ps -o json` lists
        platform.log("chat")                                   # whole text of .wattos/logs/chat.0.log

`standing`   the same, shared by all tests of a run that neither stop nor change it; use tenants of your own.

`reader`     `platform` with what a reader of the docs has at hand.

`project`    a fresh, empty project folder for one test, nothing started, for tests that break things;
             `project.configure(toml)` writes wattos.toml, `project.wattos("up")` starts it.

All are `tests.fakes.project.running.RunningProject`: `.root`, `.port_offset`, `.environ` (change it to
set variables for later commands). Each has an XDG_RUNTIME_DIR and a block of ports of its own, so
tests may run in parallel. Mark modules with `pytestmark = pytest.mark.e2e`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.project.documentation import with_programs
from tests.fakes.project.running import RunningProject, running_project

# One user of a test does in a minute what a person does in a day, and would mostly wait; what rates refuse
# is shown where they are the point.
RATES = {"RATE_LIMIT": "100000r/m", "WATTOS_TENANT_RATE_LIMIT": "100000r/m"}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A running platform for the tests of one module."""
    with running(tmp_path_factory.mktemp("platform")) as project:
        yield project


@pytest.fixture(scope="module")
def reader(platform: RunningProject, tmp_path_factory: pytest.TempPathFactory) -> RunningProject:
    """A running platform with docs, load tests and programs, as a reader of the docs has them."""
    return with_programs(platform, tmp_path_factory.mktemp("bin"))


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A running platform for all tests that leave it as it is."""
    with running(tmp_path_factory.mktemp("standing")) as project:
        yield project


@contextmanager
def running(root: Path) -> Iterator[RunningProject]:
    with running_project(root) as project:
        project.environ |= RATES
        started = project.wattos("up")
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        yield project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    """A project folder in which nothing runs yet."""
    with running_project(tmp_path / "project") as fresh:
        yield fresh

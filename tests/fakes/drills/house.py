"""A platform for drills, whose provider is the simulator, and what a test looks at after one."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.cli.schemas import published
from tests.fakes.project.running import REPOSITORY, RunningProject, running_project

# A silent stream is given up sooner: the drill need not wait for half a minute.
_SETTINGS = "[settings]\nstream_idle_timeout_s = 6\n"
_PAGE = REPOSITORY / "docs/how-to/drills.md"


def start_of_the_page() -> str:
    """Return the command that the page on drills types before it runs any."""
    typed = [line[2:] for line in _PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("$ ")]
    return next(command for command in typed if command.startswith("wattos up "))


@contextmanager
def drill_house(root: Path) -> Iterator[RunningProject]:
    """Yield a platform as the page on drills starts it: its provider openai is the simulator."""
    with running_project(root) as project:
        project.configure(_SETTINGS)
        started = project.wattos(*shlex.split(start_of_the_page())[1:])
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        yield project


def faults(house: RunningProject) -> list[dict[str, Any]]:
    """Return the faults that are on in the simulator."""
    found: list[dict[str, Any]] = httpx.get(
        f"{house.url('simulator')}/simulator/faults", verify=False
    ).json()["faults"]
    return found


def open_breakers(house: RunningProject) -> list[str]:
    """Return the names of the breakers that are open, whoever opened them."""
    done = house.wattos("breaker", "list", "--state", "open", "--state", "forced_open", "-o", "json")
    assert done.returncode == 0, done.stderr
    return [row["name"] for row in published(done.stdout)["breakers"]]


def failed_steps(result: dict[str, Any]) -> list[str]:
    """Return the names of the steps of a drill that did not hold."""
    return [step["name"] for step in result["steps"] if not step["ok"]]


def check_that_it_holds(house: RunningProject, reports: Path, name: str) -> None:
    """Run a drill; AssertionError unless it passes, reports, and leaves nothing broken behind."""
    done = house.wattos("drill", "run", name, "-o", "json", "--report", str(reports), timeout_s=140)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    result = published(done.stdout)
    assert (result["drill"], result["verdict"], failed_steps(result)) == (name, "pass", [])
    assert {path.name for path in reports.iterdir()} == {f"{name}.json", f"{name}.md", "junit.xml"}
    assert faults(house) == []
    assert open_breakers(house) == []

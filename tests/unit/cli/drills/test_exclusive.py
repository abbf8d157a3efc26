"""One drill at a time: the second one is told who is at it."""

import os
from pathlib import Path

import pytest

from wattos_cli.drills.runner.exclusive import alone
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project


def test_a_second_drill_is_refused_while_one_runs(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.prepare()
    with (
        alone(project),
        pytest.raises(WattosError, match=f"is running already in .* \\(pid {os.getpid()}\\)") as refused,
        alone(project),
    ):
        pass
    assert (refused.value.exit_code, refused.value.code) == (ExitCode.UNREACHABLE, "drill_running")
    with alone(project):
        pass


def test_drills_of_two_projects_do_not_meet(tmp_path: Path) -> None:
    one, other = Project(tmp_path / "one"), Project(tmp_path / "other")
    one.prepare()
    other.prepare()
    with alone(one), alone(other):
        pass

"""The supervisor notices that its files were removed or spoilt."""

import json
import os
from pathlib import Path

import pytest

from wattos_cli.project import Project
from wattos_cli.supervisor.state_guard import StateGuard


@pytest.fixture
def project(tmp_path: Path) -> Project:
    fresh = Project(tmp_path)
    fresh.prepare()
    fresh.lock_file.touch()
    write(fresh)
    return fresh


def write(project: Project) -> None:
    project.services_file.write_text(json.dumps({"supervisor": {"pid": os.getpid()}}))


def looked(state_guard: StateGuard, done: list[str]) -> list[str]:
    state_guard.look()
    return done


def tenure_of(project: Project) -> tuple[StateGuard, list[str]]:
    done: list[str] = []
    return StateGuard(project, lambda: done.append("rewrite"), lambda: done.append("end")), done


def test_intact_files_are_left_alone(project: Project) -> None:
    state_guard, done = tenure_of(project)
    assert looked(state_guard, done) == []


@pytest.mark.parametrize(
    "content", ['{"x', "[1, 2]", '{"supervisor": 5}', '{"supervisor": {"pid": 1}}', None]
)
def test_a_spoilt_state_file_is_written_anew(project: Project, content: str | None) -> None:
    state_guard, done = tenure_of(project)
    if content is None:
        project.services_file.unlink()
    else:
        project.services_file.write_text(content)
    assert looked(state_guard, done) == ["rewrite"]


def test_a_removed_lock_ends_the_platform(project: Project) -> None:
    state_guard, done = tenure_of(project)
    project.lock_file.rename(project.lock_file.with_suffix(".gone"))
    assert looked(state_guard, done) == ["end"]
    assert not state_guard.is_superseded(), "nobody else is there"
    project.lock_file.touch()
    assert state_guard.is_superseded(), "a lock file that is not ours may be held by another platform"

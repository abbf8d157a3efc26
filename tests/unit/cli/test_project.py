"""What is read of a project's folder, whatever stands there."""

from pathlib import Path

import pytest

from tests.fakes.cli.deps import write_running
from wattos_cli.project import Project


def test_what_runs_is_read(tmp_path: Path) -> None:
    write_running(tmp_path, {"name": "chat"})
    state = Project(tmp_path).read_services()
    assert state is not None
    assert [(row["name"], row["state"]) for row in state["services"]] == [("chat", "ready")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"services": 5}',
        '{"services": [5]}',
        '{"services": [{"name": 1}]}',
        '{"services": [{}]}',
        '{"services": [], "supervisor": "x"}',
    ],
)
def test_a_spoilt_state_file_is_as_none(tmp_path: Path, text: str) -> None:
    project = Project(tmp_path)
    project.prepare()
    project.services_file.write_text(text)
    assert project.read_services() is None


@pytest.mark.parametrize("supervisor", ["null", '{"pid": "x"}', '{"pid": 1, "start_time": 7}'])
def test_without_its_supervisor_every_service_is_stopped(tmp_path: Path, supervisor: str) -> None:
    project = Project(tmp_path)
    project.prepare()
    row = '{"name": "chat", "state": "ready", "pid": 1}'
    project.services_file.write_text(f'{{"services": [{row}], "supervisor": {supervisor}}}')
    state = project.read_services()
    assert state is not None
    assert [(each["state"], each["pid"]) for each in state["services"]] == [("stopped", None)]

"""`wattos ps` where nothing runs: because it was stopped, or because it broke off."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, write_running
from wattos_cli.clients.running import not_running
from wattos_cli.commands.ps import Options, run
from wattos_cli.errors import ExitCode
from wattos_cli.project import Project

WHY = "The platform ended without being stopped; see why: wattos logs supervisor\n"
NOTHING = "Nothing is running. Start the platform with: wattos up\n"


def ended() -> int:
    """Return the pid of a process that is no more."""
    process = subprocess.Popen(["true"])
    process.wait(30)
    return process.pid


@pytest.mark.parametrize(
    ("stopped", "told", "hint"),
    [(True, NOTHING, "wattos ps --all"), (False, WHY + NOTHING, "wattos logs supervisor")],
    ids=["stopped", "broke off"],
)
def test_how_the_last_platform_ended_is_told(tmp_path: Path, *, stopped: bool, told: str, hint: str) -> None:
    write_running(tmp_path, {"name": "chat"})
    file = Project(tmp_path).services_file
    document: dict[str, Any] = json.loads(file.read_text())
    document["supervisor"] = None if stopped else {"pid": ended(), "start_time": 1}
    file.write_text(json.dumps(document))
    deps = make_deps(cwd=tmp_path)
    assert run(Options(), deps) == ExitCode.OK
    assert err(deps) == told
    assert hint in not_running(Project(tmp_path)).hint


def test_where_nothing_ever_ran_there_is_nothing_to_explain(tmp_path: Path) -> None:
    deps = make_deps(cwd=tmp_path)
    assert run(Options(), deps) == ExitCode.OK
    assert err(deps) == NOTHING

"""A service that began anew while a load test ran is named, though no request failed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import FakeTime, make_deps, out, write_running
from tests.fakes.loadtest.generation import FakeLoad, second
from tests.fakes.loadtest.loaded_platform import URL, LoadedPlatform
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.commands.loadtest.target.restarts import Restarts
from wattos_cli.loadtest.plan import Plan
from wattos_cli.project import Project


def row(name: str = "chat", **changes: Any) -> dict[str, Any]:
    return {"name": name, "url": URL, "started_at": 100.0, "restarts": 1, **changes}


BACKOFF = {"state": "backoff", "reason": "was ended by SIGKILL"}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param([row(), row("rag")], [], id="nothing"),
        pytest.param([row(restarts=2, started_at=105.0), row("rag")], ["chat-0"], id="crash"),
        pytest.param([row(restarts=4, started_at=105.0), row("rag")], ["chat-0 (3 times)"], id="crashes"),
        pytest.param([row(restarts=0, started_at=105.0), row("rag")], ["chat-0"], id="by-hand"),
        pytest.param(
            [row(started_at=105.0, state="starting"), row("rag", started_at=105.0)],
            ["chat-0, rag-0"],
            id="two",
        ),
        pytest.param([row(state="not_ready"), row("rag"), row("agent")], [], id="not-ready-or-new"),
    ],
)
def test_who_began_anew(tmp_path: Path, after: list[dict[str, Any]], expected: list[str]) -> None:
    write_running(tmp_path, row(), row("rag"))
    restarts = Restarts(Project(tmp_path))
    write_running(tmp_path, *after)
    assert restarts.notes == [f"restarted during the run: {names}" for names in expected]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param([row(**BACKOFF)], "chat-0 (backoff: was ended by SIGKILL)", id="comes-back-later"),
        pytest.param([row(state="stopped")], "chat-0 (stopped)", id="stopped"),
        pytest.param([], "chat-0 (stopped)", id="gone"),
    ],
)
def test_who_runs_no_more(tmp_path: Path, after: list[dict[str, Any]], expected: str) -> None:
    write_running(tmp_path, row(), row("rag", state="stopped"))
    restarts = Restarts(Project(tmp_path))
    write_running(tmp_path, *after)
    assert restarts.notes == [f"ended during the run: {expected}"]


def test_what_the_supervisor_wrote_may_be_spoilt(tmp_path: Path) -> None:
    write_running(tmp_path, row())
    restarts = Restarts(Project(tmp_path))
    Project(tmp_path).services_file.write_text("[]")
    assert restarts.notes == []


def test_a_restart_is_told_in_result_and_report_and_fails_nothing(tmp_path: Path) -> None:
    time = FakeTime()
    platform = LoadedPlatform(tmp_path)
    load = FakeLoad([second(at, 10) for at in range(12)], time=time)
    state_file = Project(tmp_path).services_file

    @contextmanager
    def start(plan: Plan, environ: Mapping[str, str]) -> Iterator[FakeLoad]:
        state = json.loads(state_file.read_text())
        for service in state["services"]:
            service["started_at"] = 7.0 if service["name"] == "chat" else None
        state_file.write_text(json.dumps(state))
        with load.start(plan, environ):
            yield load

    deps = make_deps(cwd=tmp_path, http=platform, time=time)
    options = Options(duration_s=12, json_file=Path("r.json"), junit_file=Path("r.xml"))
    assert command.run(options, deps, start=start) == 0
    told = "restarted during the run: chat-0"
    assert told in json.loads((tmp_path / "r.json").read_text())["reasons"]
    assert told in (tmp_path / "r.xml").read_text()
    assert told in out(deps)

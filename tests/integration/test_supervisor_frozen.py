"""SIGSTOP to those who guard the platform: nothing waits for them for ever."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.project.running import NONE_BUNDLED, RunningProject, running_project, wait_until
from wattos_cli.supervisor import process_table

IDLE = '[services.idle]\ncommand = ["sleep", "600"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    with running_project(tmp_path / "p") as fresh:
        fresh.environ |= {"WATTOS_PROBE_SETTLE_S": "0.2", "WATTOS_UPKEEP_S": "0.3"}
        fresh.configure(NONE_BUNDLED + IDLE)
        yield fresh


@pytest.mark.parametrize("who", [("guardian",), ("guardian", "supervisor")], ids="+".join)
def test_down_ends_a_platform_whose_guards_stand_still(project: RunningProject, who: tuple[str, ...]) -> None:
    project.environ["WATTOS_UPKEEP_S"] = "600"  # nobody but `down` wakes them
    assert project.wattos("up").returncode == 0
    state = project.state()
    everybody = [state["guardian"], state["supervisor"], *state["services"]]
    for name in who:
        os.kill(state[name]["pid"], signal.SIGSTOP)
    down = project.wattos("down")
    assert (down.returncode, down.stderr.splitlines()[-1]) == (0, "Stopped: idle")
    assert not any(process_table.alive(each["pid"], each["start_time"]) for each in everybody)


def test_the_supervisor_wakes_its_guardian(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    guardian = project.state()["guardian"]["pid"]
    os.kill(guardian, signal.SIGSTOP)
    log = project.root / ".wattos/logs/supervisor.log"
    wait_until(lambda: "the guardian was stopped by a signal" in log.read_text(), "it is woken")
    process = process_table.read(guardian)
    assert process is not None
    assert process.state != "T"


def test_a_restart_does_not_hang_on_a_fork_server_that_stands_still(project: RunningProject) -> None:
    project.configure(NONE_BUNDLED.replace("[services.llm-gateway]\nenabled = false\n", ""))
    assert project.wattos("up").returncode == 0
    before = project.row("llm-gateway")["pid"]
    os.kill(project.state()["fork_servers"][0], signal.SIGSTOP)
    restart = project.wattos("restart", "llm-gateway")
    assert restart.returncode == 0, restart.stderr
    row = project.row("llm-gateway")
    assert (row["state"], row["pid"] != before) == ("ready", True)

"""What remains when something is killed: nothing, or a service that is back; the next `up` just works."""

import contextlib
import json
import os
import signal

import pytest

from tests.fakes.network.ports import is_free
from tests.fakes.project.running import RunningProject, wait_until
from wattos_cli.supervisor import process_table
from wattos_platform import catalog

pytestmark = pytest.mark.e2e

SERVICES = ("llm-gateway", "rag", "chat", "agent", "gateway")
# A child in a session of its own that ignores SIGTERM: nothing but SIGKILL ends it, and no group holds it.
STUBBORN = """
import signal, subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
kid = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
open("kid.pid", "w").write(str(kid.pid))
time.sleep(600)
"""


def with_stubborn_grandchild(project: RunningProject) -> None:
    (project.root / "stubborn.py").write_text(STUBBORN)
    project.configure('[services.stubborn]\ncommand = ["python3", "stubborn.py"]\n')


def kid(project: RunningProject) -> int:
    """Return the pid of the grandchild once its parent has told it, which may be after it counts as ready."""
    file = project.root / "kid.pid"
    wait_until(lambda: file.exists() and file.read_text() != "", "the grandchild was started")
    return int(file.read_text())


def everything(project: RunningProject) -> dict[int, int]:
    """Return pid and start time of every process of the platform."""
    state = project.state()
    pids = [row["pid"] for row in state["services"]] + state["fork_servers"]
    pids += [
        state["supervisor"]["pid"],
        state["guardian"]["pid"],
        kid(project),
    ]
    return {pid: process_table.start_time(pid) for pid in pids}


def ports(project: RunningProject) -> list[int]:
    default = [service.port for service in catalog.SERVICES if service.default]
    redis = catalog.component("redis").port
    return [port + project.port_offset for port in (*default, redis, catalog.SUPERVISOR_PORT)]


@pytest.mark.parametrize(
    "victims",
    [("supervisor",), ("fork server",), ("supervisor", "fork server"), ("guardian",)],
    ids=" and ".join,
)
def test_nothing_is_left_and_the_next_up_works(project: RunningProject, victims: tuple[str, ...]) -> None:
    with_stubborn_grandchild(project)
    up = project.wattos("up", "--with", "redis")
    assert up.returncode == 0, up.stderr
    state = project.state()
    processes = everything(project)
    assert all(processes.values())
    chosen = {
        "supervisor": state["supervisor"]["pid"],
        "guardian": state["guardian"]["pid"],
        "fork server": state["fork_servers"][-1],
    }
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):  # taken along by the one before
            os.kill(chosen[victim], signal.SIGKILL)

    def gone() -> bool:
        return not any(process_table.alive(pid, started) for pid, started in processes.items())

    wait_until(gone, "every process has ended")
    # The threads of redis-server end one by one, and the last one gives the port back.
    wait_until(lambda: all(is_free(port) for port in ports(project)), "every port is free")
    assert project.wattos("ps").returncode == 0
    again = project.wattos("up")
    assert again.returncode == 0, again.stderr
    assert {row["state"] for row in project.rows()} == {"ready"}


def test_each_killed_service_comes_back_and_the_others_stay(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    for victim in SERVICES:
        before = {row["name"]: row["pid"] for row in project.rows()}
        os.kill(before[victim], signal.SIGKILL)

        def back(name: str = victim, pid: int = before[victim]) -> bool:
            row = project.row(name)
            return row["state"] == "ready" and row["pid"] != pid

        wait_until(back, f"{victim} is ready again")
        after = {row["name"]: row["pid"] for row in project.rows()}
        assert {n: p for n, p in after.items() if n != victim} == {
            n: p for n, p in before.items() if n != victim
        }
        assert project.row(victim)["restarts"] == 1


def test_up_twice_starts_nothing_anew_and_a_missing_service_only(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    before = {row["name"]: row["pid"] for row in project.rows()}
    assert project.wattos("down", "chat").returncode == 0
    assert project.row("chat")["state"] == "stopped"
    up = project.wattos("up", "-o", "json")
    assert up.returncode == 0, up.stderr
    after = {row["name"]: row["pid"] for row in json.loads(up.stdout)["services"]}
    assert after.pop("chat") != before.pop("chat")
    assert after == before

"""Faults of processes and who undoes them: real processes are stopped, killed and locked out."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.project.control_socket import FakeSupervisor, supervised
from tests.fakes.project.listed_processes import ListedProcesses, listed_processes, state, wait_until_running
from tests.fakes.project.running import NONE_BUNDLED, REPOSITORY, running_project, wait_until
from wattos_cli.drills.faults.held import HeldFault
from wattos_cli.drills.faults.holder.kill import Kill
from wattos_cli.drills.faults.holder.order import Order
from wattos_cli.drills.faults.holder.victims import Victim
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import process_table

# A drill that applies a freeze and never comes to its rollback.
_DRILL = """
import sys, time
from wattos_cli.drills.faults.held import HeldFault
from wattos_cli.drills.faults.holder.order import Order
fault = HeldFault(Order("freeze", sys.argv[1], "chat", 0), "chat hangs")
fault.apply(60)
print("applied", flush=True)
time.sleep(60)
"""


@pytest.fixture
def supervisor() -> FakeSupervisor:
    return FakeSupervisor()


@pytest.fixture
def platform(tmp_path: Path, supervisor: FakeSupervisor) -> Iterator[ListedProcesses]:
    with listed_processes(tmp_path) as listed, supervised(tmp_path, tmp_path / "s", supervisor):
        yield listed


def held(platform: ListedProcesses, kind: str, service: str = "chat", **more: float) -> HeldFault:
    return HeldFault(Order(kind, str(platform.project.root), service, 0, **more), f"{kind} {service}")


def children(pid: int) -> list[int]:
    return [process.pid for process in process_table.snapshot() if process.ppid == pid]


def the_holder() -> int:
    """Return the pid of the holder, a child of ours."""
    (holder,) = [pid for pid in children(os.getpid()) if "faults.holder" in process_table.command_line(pid)]
    return holder


def holder_and_watcher() -> tuple[int, int]:
    """Return the pids of the holder and of its watcher, a child of the holder."""
    holder = the_holder()
    (watcher,) = children(holder)
    return holder, watcher


def gone(pid: int) -> bool:
    return state(pid) in ("", "Z")


def lives(pid: int) -> bool:
    """Return whether a process is there and goes on."""
    return state(pid) not in ("", "Z", "T")


def test_a_freeze_stops_every_replica_and_a_rollback_lets_them_go_on(platform: ListedProcesses) -> None:
    pids = [platform.start("chat"), platform.start("chat", 1)]
    other = platform.start("rag")
    fault = held(platform, "freeze")
    fault.apply(60)
    assert [state(pid) for pid in pids] == ["T", "T"]
    assert state(other) != "T"
    fault.rollback()
    for pid in pids:
        wait_until_running(pid)
    fault.rollback()
    assert children(os.getpid()) == [*pids, other], "neither holder nor watcher is left"


def test_a_freeze_of_one_replica_leaves_the_other(platform: ListedProcesses) -> None:
    first, second = platform.start("chat"), platform.start("chat", 1)
    fault = held(platform, "freeze", replica=1)
    fault.apply(60)
    assert (state(first) != "T", state(second)) == (True, "T")
    fault.rollback()
    wait_until_running(second)


def test_a_fault_ends_by_itself_when_its_time_is_over(platform: ListedProcesses) -> None:
    pid = platform.start("chat")
    fault = held(platform, "freeze")
    fault.apply(0.3)
    wait_until_running(pid)
    fault.rollback()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_the_holder_ends_the_fault(platform: ListedProcesses, number: signal.Signals) -> None:
    pid = platform.start("chat")
    fault = held(platform, "freeze")
    fault.apply(60)
    holder, watcher = holder_and_watcher()
    os.kill(holder, number)
    wait_until_running(pid)
    wait_until(lambda: gone(holder) and gone(watcher), "holder and watcher have ended")
    fault.rollback()


def test_a_holder_whose_watcher_is_killed_undoes_at_once(platform: ListedProcesses) -> None:
    pid = platform.start("chat")
    fault = held(platform, "freeze")
    fault.apply(60)
    holder, watcher = holder_and_watcher()
    os.kill(watcher, signal.SIGKILL)
    wait_until_running(pid)
    wait_until(lambda: gone(holder), "the holder has ended")
    fault.rollback()


def test_a_watcher_undoes_what_a_holder_that_hangs_does_not(platform: ListedProcesses) -> None:
    pid = platform.start("chat")
    fault = held(platform, "freeze")
    fault.apply(4)
    holder, _ = holder_and_watcher()
    os.kill(holder, signal.SIGSTOP)
    assert state(pid) == "T"
    wait_until_running(pid)
    os.kill(holder, signal.SIGCONT)
    fault.rollback()


def test_a_killed_drill_leaves_no_fault(platform: ListedProcesses) -> None:
    pid = platform.start("chat")
    environ = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"}
    command = [sys.executable, "-c", _DRILL, str(platform.project.root)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as drill:
        assert drill.stdout is not None
        assert drill.stdout.readline() == b"applied\n"
        assert state(pid) == "T"
        family = process_table.descendants(drill.pid, process_table.snapshot())
        drill.kill()
        wait_until_running(pid)
    wait_until(lambda: all(gone(each.pid) for each in family), "holder and watcher have ended")


def test_a_kill_strikes_what_comes_back_too(platform: ListedProcesses) -> None:
    first, other = platform.start("chat"), platform.start("rag")
    fault = held(platform, "kill", times=2, every_s=0.05)
    fault.apply(60)
    assert platform.exit_code(first) == -signal.SIGKILL
    platform.list("chat", None, None, state="backoff")
    second = platform.start("chat")
    assert platform.exit_code(second) == -signal.SIGKILL
    third = platform.start("chat")
    fault.rollback()
    assert (lives(third), lives(other)) == (True, True)


def test_who_is_slow_to_die_is_struck_once(platform: ListedProcesses) -> None:
    struck: list[int] = []

    class Dying(Victim):
        """A process that has got its SIGKILL and waits for a processor to end on."""

        def signal(self, number: signal.Signals) -> bool:
            struck.append(number)
            return True

    order = Order("kill", str(platform.project.root), "chat", 0, times=2)
    kill = Kill(platform.project, order, living=lambda *_whose: [Dying("chat-0", 1, 1, -1)])
    assert kill.begin() == "killed chat-0 (pid 1)"
    assert kill.go_on() == ()
    assert struck == [signal.SIGKILL]
    assert kill.next_s() is not None, "a strike is left for the one that follows"


def test_nobody_is_killed_into_a_crash_loop(platform: ListedProcesses, supervisor: FakeSupervisor) -> None:
    pid = platform.start("chat")
    supervisor.listed = [
        {"name": "rag", "replica": 0, "crashes_left": 0},
        {"name": "chat", "replica": 0, "crashes_left": 1},
    ]
    with pytest.raises(WattosError, match="the supervisor would start it 1 more times, not 2") as refused:
        held(platform, "kill", times=2).apply(60)
    assert refused.value.hint.endswith("wattos restart chat")
    assert lives(pid)
    fault = held(platform, "kill", times=1)
    fault.apply(60)
    assert platform.exit_code(pid) == -signal.SIGKILL
    fault.rollback()


def test_only_the_process_that_is_listed_is_hit(platform: ListedProcesses) -> None:
    pid = platform.start("chat")
    platform.list("chat", pid, process_table.start_time(pid) - 1)
    with pytest.raises(WattosError, match="no replica of chat runs"):
        held(platform, "kill").apply(60)
    assert lives(pid), "a pid that was used again is another process"


def test_a_listed_process_that_is_no_child_of_the_platform_is_not_hit(platform: ListedProcesses) -> None:
    parent = os.getppid()
    platform.list("chat", parent, process_table.start_time(parent))
    with pytest.raises(WattosError, match="no replica of chat runs"):
        held(platform, "freeze").apply(60)


def test_where_there_are_no_process_descriptors_pid_and_start_time_are_compared(
    platform: ListedProcesses,
) -> None:
    pid = platform.start("chat")
    started = process_table.start_time(pid)
    assert not Victim("chat", pid, started - 1, -1).signal(signal.SIGKILL)
    assert lives(pid)
    assert Victim("chat", pid, started, -1).signal(signal.SIGKILL)
    assert platform.exit_code(pid) == -signal.SIGKILL
    assert not Victim("chat", pid, started, -1).signal(signal.SIGKILL)


def test_a_kill_goes_on_in_vain_when_the_platform_was_taken_down(platform: ListedProcesses) -> None:
    pid = platform.start("chat")
    fault = held(platform, "kill", times=2, every_s=0.05)
    fault.apply(60)
    assert platform.exit_code(pid) == -signal.SIGKILL
    platform.project.services_file.unlink()
    fault.rollback()
    assert children(os.getpid()) == []


@pytest.fixture
def database(platform: ListedProcesses) -> Iterator[sqlite3.Connection]:
    """Return a connection to the database of chat that does not wait for a lock."""
    path = platform.project.data_dir / "chat.db"
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE told (what TEXT)")
    yield connection
    connection.close()


def test_a_lock_refuses_writes_and_nothing_else(
    platform: ListedProcesses, database: sqlite3.Connection
) -> None:
    fault = held(platform, "lock")
    fault.apply(60)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        database.execute("INSERT INTO told VALUES ('a')")
    assert database.execute("SELECT count(*) FROM told").fetchone() == (0,)
    fault.rollback()
    database.execute("INSERT INTO told VALUES ('a')")


def test_a_killed_holder_of_a_lock_gives_it_back(
    platform: ListedProcesses, database: sqlite3.Connection
) -> None:
    fault = held(platform, "lock")
    fault.apply(60)
    holder = the_holder()
    os.kill(holder, signal.SIGKILL)
    wait_until(lambda: gone(holder), "the holder has ended")
    database.execute("INSERT INTO told VALUES ('a')")
    fault.rollback()


def test_a_service_that_the_supervisor_gave_up_is_started_again(tmp_path: Path) -> None:
    with running_project(tmp_path / "p") as project:
        project.environ |= {"WATTOS_RESTART_LIMIT": "2", "WATTOS_RESTART_BASE_S": "0.05"}
        project.environ["WATTOS_PROBE_SETTLE_S"] = "0.1"
        project.configure(NONE_BUNDLED + '[services.idle]\ncommand = ["sleep", "600"]\n')
        assert project.wattos("up").returncode == 0
        first = project.row("idle")["pid"]
        fault = HeldFault(Order("kill", str(project.root), "idle", 0), "idle dies")
        fault.apply(60)
        wait_until(lambda: project.row("idle")["pid"] not in (None, first), "it was started again")
        os.kill(project.row("idle")["pid"], signal.SIGKILL)
        wait_until(lambda: project.row("idle")["state"] == "crash_loop", "the supervisor has given up")
        fault.rollback()
        wait_until(lambda: project.row("idle")["state"] == "ready", "it is ready again")


@pytest.mark.parametrize(
    ("kind", "service", "more", "reason"),
    [
        ("freeze", "sales", {}, "sales is not part of the running platform"),
        ("freeze", "chat", {"replica": 3}, "chat has no replica 3; it has 1, counted from 0"),
        ("kill", "chat", {"times": 5}, "chat would be killed 5 times"),
        ("lock", "redis", {}, "redis has no database of its own"),
        ("lock", "chat", {}, "there is no database"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    platform: ListedProcesses, kind: str, service: str, more: dict[str, float], reason: str
) -> None:
    pid = platform.start("chat")
    fault = held(platform, kind, service, **more)
    with pytest.raises(WattosError, match=reason) as refused:
        fault.apply(60)
    assert (refused.value.exit_code, refused.value.code) == (ExitCode.UNREACHABLE, "fault_refused")
    assert refused.value.hint
    assert lives(pid)
    fault.rollback()


def test_without_a_platform_there_is_nothing_to_hit(tmp_path: Path) -> None:
    fault = HeldFault(Order("freeze", str(tmp_path), "chat", 0), "chat hangs")
    with pytest.raises(WattosError, match="the platform is not running"):
        fault.apply(60)

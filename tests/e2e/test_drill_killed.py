"""A drill that is killed in the middle leaves nothing behind: no process that stands, no lock, no load."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.project.listed_processes import state, wait_until_running
from tests.fakes.project.running import RunningProject, running_project, wait_until
from wattos_cli.supervisor import process_table

pytestmark = pytest.mark.e2e
EVERYTHING = """
name = "everything"
summary = "All that can be done to processes, at once."
hypothesis = "None of it outlives the drill."
[requires]
services = ["gateway", "llm-gateway", "chat"]
components = ["redis"]
[load]
journeys = { Model = 1 }
users = 2
[phases]
steady = "2s"
fault = "60s"
recovery = "5s"
[[steady]]
breaker = "redis:main"
state = "closed"
[[fault]]
kind = "freeze"
service = "redis"
[[fault]]
kind = "lock"
service = "chat"
[[fault]]
kind = "kill"
service = "agent"
times = 4
every = "2s"
[[assertions]]
when = "whole"
figure = "restarts >= 0"
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    with running_project(tmp_path_factory.mktemp("platform")) as project:
        started = project.wattos("up", "--with", "redis")
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        yield project


def is_locked(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


def test_a_killed_drill_leaves_nothing_behind(platform: RunningProject) -> None:
    (platform.root / "everything.toml").write_text(EVERYTHING)
    redis, agent = platform.row("redis")["pid"], platform.row("agent")["pid"]
    database = platform.root / ".wattos/data/chat.db"
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "wattos_cli", "drill", "run", "./everything.toml"],
        cwd=platform.root,
        env=platform.process_environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as drill:
        wait_until(lambda: state(agent) in ("", "Z"), "agent was killed, the last of the faults", 60)
        assert (state(redis), is_locked(database)) == ("T", True)
        second = platform.wattos("drill", "run", "./everything.toml")
        assert (second.returncode, f"(pid {drill.pid})" in second.stderr) == (4, True), second.stderr
        family = process_table.descendants(drill.pid, process_table.snapshot())
        assert len(family) >= 5, "a generator, three holders, a watcher"
        drill.kill()
    wait_until_running(redis)
    wait_until(lambda: not is_locked(database), "the database can be written")

    def all_gone() -> bool:
        return not any(process_table.alive(each.pid, each.start_time) for each in family)

    wait_until(all_gone, "generator, holders and watcher have ended")
    wait_until(lambda: platform.row("agent")["state"] == "ready", "agent is ready again")
    restarts = platform.row("agent")["restarts"]
    after = platform.wattos("ask", "Is all well?")
    assert after.returncode == 0, after.stderr
    assert platform.row("agent")["restarts"] == restarts, "nobody strikes any more"

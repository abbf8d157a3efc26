"""A project whose list of running services names processes of a test, which guards them itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.project.running import wait_until
from wattos_cli.project import SERVICES_SCHEMA, Project, read_json, write_private
from wattos_cli.supervisor import process_table

_SLEEPER = [sys.executable, "-S", "-c", "print('up', flush=True); import time; time.sleep(600)"]


class ListedProcesses:
    """`start` a process under the name of a service; it is listed as ready until the test says otherwise."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root)
        self.project.prepare()
        self._rows: list[dict[str, Any]] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._write()

    def start(self, name: str, replica: int = 0) -> int:
        """Start a process that sleeps, list it, and return its pid."""
        process = subprocess.Popen(_SLEEPER, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        self._processes.append(process)
        self.list(name, process.pid, process_table.start_time(process.pid), replica)
        return process.pid

    def list(
        self, name: str, pid: int | None, start_time: int | None, replica: int = 0, state: str = "ready"
    ) -> None:
        """Write a replica's row as the supervisor would."""
        self._rows = [row for row in self._rows if (row["name"], row["replica"]) != (name, replica)]
        row = {"name": name, "replica": replica, "state": state, "pid": pid, "start_time": start_time}
        self._rows.append(row)
        self._write()

    def exit_code(self, pid: int) -> int:
        """Return how the process ended (negative for a signal), once it has."""
        return next(each for each in self._processes if each.pid == pid).wait(60)

    def end(self) -> None:
        """Kill all that was started."""
        for process in self._processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _write(self) -> None:
        known = read_json(self.project.services_file) or {}
        us = {"pid": os.getpid(), "start_time": process_table.start_time(os.getpid())}
        document = {"schema": SERVICES_SCHEMA, "supervisor": us, "guardian": us, "services": self._rows}
        document["control_socket"] = known.get("control_socket", "")
        write_private(self.project.services_file, json.dumps(document).encode())


@contextmanager
def listed_processes(root: Path) -> Iterator[ListedProcesses]:
    """Yield the project; its processes are gone afterwards."""
    listed = ListedProcesses(root)
    try:
        yield listed
    finally:
        listed.end()


def state(pid: int) -> str:
    """Return what /proc says a process does: `T` is stopped."""
    process = process_table.read(pid)
    return process.state if process else ""


def wait_until_running(pid: int) -> None:
    """Return when the process is not stopped (any more)."""
    wait_until(lambda: state(pid) not in ("T", ""), f"{pid} runs")

"""What the supervisor does every few seconds: rotate grown logs, measure CPU, wake who must not sleep."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from wattos_cli.project import Project
from wattos_cli.supervisor import journal, process_table, rotation
from wattos_cli.supervisor.fleet import Fleet
from wattos_cli.supervisor.replica import Replica
from wattos_cli.supervisor.settings import SupervisorSettings


class Housekeeping:
    """Periodic work on all replicas, and what it found out about them."""

    def __init__(self, fleet: Fleet, project: Project, settings: SupervisorSettings) -> None:
        self._fleet = fleet
        self._project = project
        self._settings = settings
        self._samples: dict[int, tuple[float, int]] = {}
        self._cpu_percent: dict[int, float] = {}

    async def run(self) -> None:
        """Work until cancelled; a full disk or a vanished file is told and does not end it."""
        while True:
            await asyncio.sleep(self._settings.upkeep_s)
            try:
                self._rotate()
            except OSError as error:
                journal.write("log.rotation_failed", f"cannot rotate a log file: {error}", level="error")
            self._measure()
            self._wake()

    def usage(self, replica: Replica) -> dict[str, Any]:
        """Return the CPU use of a replica over the last interval, in percent of one core, if it is known."""
        pid = replica.child.pid if replica.child else 0
        return {"cpu_percent": self._cpu_percent.get(pid)}

    def _rotate(self) -> None:
        limit = self._settings.log_limit_bytes
        for replica in self._fleet.replicas():
            if replica.plan.log_file or not rotation.due(replica.log_file, limit):
                continue  # a service that logs to a file of its own rotates it itself
            if replica.plan.kind == "bundled" and replica.child is not None:
                rotation.rotate(replica.log_file)
                replica.child.hangup()
            else:
                rotation.copy_and_truncate(replica.log_file)
        own = Path(self._project.supervisor_log)
        if rotation.due(own, limit):
            rotation.copy_and_truncate(own)

    def _wake(self) -> None:
        """Let guardian and fork servers go on that a signal has stopped.

        Without the one nothing is cleared away after us; without the other no service can start or end.
        """
        guards = {os.getppid(): "the guardian"} | dict.fromkeys(self._fleet.fork_servers(), "a fork server")
        for pid, name in guards.items():
            process = process_table.read(pid)
            if process is not None and process.state == "T":
                os.kill(pid, signal.SIGCONT)
                journal.write("process.woken", f"{name} was stopped by a signal", level="warning", pid=pid)

    def _measure(self) -> None:
        now = time.monotonic()
        samples: dict[int, tuple[float, int]] = {}
        for replica in self._fleet.replicas():
            process = process_table.read(replica.child.pid) if replica.child else None
            if process is None:
                continue
            samples[process.pid] = (now, process.cpu_ticks)
            before = self._samples.get(process.pid)
            if before is not None and now > before[0]:
                used_s = (process.cpu_ticks - before[1]) / process_table.TICKS_PER_S
                self._cpu_percent[process.pid] = round(100 * used_s / (now - before[0]), 1)
        self._samples = samples
        self._cpu_percent = {pid: value for pid, value in self._cpu_percent.items() if pid in samples}

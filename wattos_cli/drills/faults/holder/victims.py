"""The processes that a fault may hit: those of this project's running platform, and no others ever."""

import os
import signal
from dataclasses import dataclass
from typing import Any

from wattos_cli.drills.faults.holder.order import RefusedError
from wattos_cli.errors import WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor import process_table
from wattos_cli.supervisor.listing import instance

_ANSWER_S = 5.0
# While it starts, a service is busy with becoming what a fault could show something about.
_STARTED = frozenset({"ready", "not_ready"})


@dataclass(frozen=True, slots=True)
class Victim:
    """One process for ever: `descriptor` is bound to it, so that a pid used again is never hit.

    Where the system has no such descriptors it is -1, and pid and start time are compared before each signal.
    """

    name: str
    pid: int
    start_time: int
    descriptor: int

    def signal(self, number: signal.Signals) -> bool:
        """Send `number`; return whether the process was still there to get it."""
        try:
            if self.descriptor >= 0:
                signal.pidfd_send_signal(self.descriptor, number)
            elif process_table.alive(self.pid, self.start_time):
                os.kill(self.pid, number)
            else:
                return False
        except ProcessLookupError:
            return False
        return True

    def state(self) -> str:
        """Return its state as /proc says it (`T` is stopped), "" when it is gone."""
        process = process_table.read(self.pid)
        return process.state if process and process.start_time == self.start_time else ""


def rows(project: Project, service: str, replica: int | None) -> list[dict[str, Any]]:
    """Return what the supervisor lists of `service`; RefusedError when it lists nothing of the kind."""
    listed = project.read_services() or {}
    if not listed.get("supervisor"):
        raise RefusedError(f"the platform is not running in {project.root}", "start it with: wattos up")
    services = listed.get("services", [])
    found = [row for row in services if row["name"] == service]
    if not found:
        names = ", ".join(sorted({str(row["name"]) for row in services}))
        raise RefusedError(
            f"{service} is not part of the running platform",
            f"Running are: {names}. Start it with: wattos up {service}; redis with: wattos up --with redis",
        )
    chosen = [row for row in found if replica is None or row["replica"] == replica]
    if not chosen:
        raise RefusedError(
            f"{service} has no replica {replica}; it has {len(found)}, counted from 0",
            f"Start more with: wattos up --scale {service}={(replica or 0) + 1}",
        )
    return chosen


def status(project: Project) -> list[dict[str, Any]]:
    """Return the rows of this moment from the supervisor itself; RefusedError when none answers."""
    from wattos_cli.supervisor import (
        operate,  # only a kill asks the supervisor, and it takes a while to import
    )

    try:
        with operate.running_supervisor(project) as supervisor:
            found: list[dict[str, Any]] = operate.request(supervisor, "status", _ANSWER_S)["rows"]
    except WattosError as error:
        raise RefusedError(error.message, error.hint) from error
    return found


def living(project: Project, service: str, replica: int | None) -> list[Victim]:
    """Return the processes of `service` that have started; RefusedError as `rows` does.

    A listed process is taken only if it started when the list says, and below the project's own guardian.
    """
    guardian = int((project.read_services() or {}).get("guardian", {}).get("pid") or 0)
    ours = {process.pid for process in process_table.descendants(guardian, process_table.snapshot())}
    victims = []
    for row in rows(project, service, replica):
        pid, started = int(row.get("pid") or 0), int(row.get("start_time") or 0)
        if row["state"] in _STARTED and guardian and pid in ours:
            victim = _bound(instance(row), pid, started)
            if victim is not None:
                victims.append(victim)
    return victims


def _bound(name: str, pid: int, started: int) -> Victim | None:
    """Return the process, bound first and compared then: in this order no other can slip in between."""
    descriptor = -1
    if hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return None
        except OSError:
            descriptor = -1  # a kernel or a sandbox without them
    if process_table.alive(pid, started):
        return Victim(name, pid, started, descriptor)
    if descriptor >= 0:
        os.close(descriptor)
    return None

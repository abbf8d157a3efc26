"""The TCP ports of the services, bound here and handed to every replica, so that a restart refuses nobody."""

import errno
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from wattos_cli.errors import WattosError
from wattos_cli.project import Project, known_projects
from wattos_cli.supervisor import port_holder

BACKLOG = 2048
OFFSET_STEP = 100
_LARGEST_PORT = 65_535


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; OSError when the port cannot be had.

    Without SO_REUSEPORT, so that a taken port is seen; SO_REUSEADDR passes over TIME_WAIT only.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def all_free(host: str, ports: Iterable[int]) -> bool:
    """Return whether every port could be bound just now."""
    for port in ports:
        if not 0 < port <= _LARGEST_PORT:
            return False
        try:
            bind(host, port).close()
        except OSError:
            return False
    return True


def free_offset(host: str, ports: Iterable[int]) -> int:
    """Return the smallest multiple of 100 by which all `ports` can be shifted to free ones.

    Raises WattosError when there is none.
    """
    wanted = list(ports)
    for offset in range(0, _LARGEST_PORT, OFFSET_STEP):
        if all_free(host, [port + offset for port in wanted]):
            return offset
    raise WattosError(
        "no port offset leaves all ports free",
        hint="stop what holds them (wattos ps --all), or name ports: --port SERVICE=PORT",
        code="no_free_ports",
    )


def cannot_bind(
    service: str, port: int, error: OSError, environ: Mapping[str, str], ours: Project
) -> WattosError:
    """Return the error for a port that `service` cannot have: who holds it, and what to type."""
    details = {"service": service, "port": port}
    if error.errno != errno.EADDRINUSE:
        return WattosError(
            f"{service} cannot listen on port {port}: {error.strerror}",
            hint=f"choose another one: wattos up --port {service}=PORT",
            code="port_unusable",
            details=details,
        )
    holders = port_holder.holders(port)
    other = _project_of({holder.pid for holder in holders}, environ, ours)
    if other is not None:
        return _taken_by_platform(service, port, other, ours)
    if not holders:
        return WattosError(
            f"port {port} of {service} is taken by a process of another user",
            hint=f"choose another port: wattos up --port {service}=PORT, or shift all: --port-offset 100",
            code="port_in_use",
            details=details,
        )
    first = holders[0]
    return WattosError(
        f"port {port} of {service} is taken by pid {first.pid}: {first.command}",
        hint=f"stop that process, or choose another port: wattos up --port {service}=PORT"
        " (all at once: --port-offset 100)",
        code="port_in_use",
        details={**details, "pid": first.pid, "command": first.command},
    )


def _taken_by_platform(service: str, port: int, other: Project, ours: Project) -> WattosError:
    """Return the error for a port of the platform of `other`, which may be an earlier one of this folder."""
    owner = f"the platform of {other.root}"
    hint = (
        "Run both: wattos up --port-offset 100 (or --port-offset auto)."
        f" Or stop the other: wattos -C {other.root} down"
    )
    if other.root == ours.root:
        owner = "an earlier platform of this folder, which is ending"
        hint = "Try again in a few seconds: wattos up"
    return WattosError(
        f"port {port} of {service} belongs to {owner}",
        hint=hint,
        code="port_in_use",
        details={"service": service, "port": port, "project": str(other.root)},
    )


def _project_of(pids: set[int], environ: Mapping[str, str], ours: Project) -> Project | None:
    """Return the other project whose supervisor or services are among `pids`.

    Read from what its supervisor was started with, as its socket folder may be under another base.
    """
    for project in known_projects(environ):
        state = project.read_services()
        if project == ours or state is None:
            continue
        running = {int(row.get("pid") or 0) for row in state.get("services", [])}
        running.add(int((state.get("supervisor") or {}).get("pid") or 0))
        if pids & running:
            return project
    return next(filter(None, (_project_argument(pid) for pid in sorted(pids))), None)


def _project_argument(pid: int) -> Project | None:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    if not any("wattos_cli.supervisor" in each for each in arguments) or "--project" not in arguments:
        return None
    return Project(Path(arguments[arguments.index("--project") + 1]))

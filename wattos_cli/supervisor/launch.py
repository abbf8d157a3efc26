"""Getting a connection to the supervisor: to the one that runs, or to a new one."""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project, prepare_socket_dir, read_json
from wattos_cli.supervisor import process_table
from wattos_cli.supervisor.__main__ import CLIENT_FD, LOCK_FD
from wattos_cli.supervisor.client import ControlClient, SupervisorGoneError
from wattos_cli.supervisor.invocation import Invocation, Needs
from wattos_cli.supervisor.last_platform import LastPlatform

_PROGRAM = "import sys; from wattos_cli.supervisor.__main__ import main; sys.exit(main(sys.argv[1:]))"
_OUT_OF_THE_WAY = 20
_POLL_S = 0.02
_SETTLE_S = 10.0
_RESTORED_S = 3.0


def connect(project: Project) -> ControlClient:
    """Return a client of the running supervisor; SupervisorGoneError when none runs."""
    state = project.read_services() or {}
    if not state.get("supervisor"):
        raise SupervisorGoneError("no supervisor runs")
    return ControlClient.connect(Path(str(state.get("control_socket", ""))))


def connect_when_told(project: Project, sleep: Callable[[float], None] = time.sleep) -> ControlClient:
    """Return a client as `connect` does; wait for a supervisor whose services.json was spoilt.

    It writes the file anew within a second. SupervisorGoneError when none runs.
    """
    deadline = time.monotonic() + _RESTORED_S
    while True:
        try:
            return connect(project)
        except SupervisorGoneError:
            known = LastPlatform.of(project).guardian.pid
            if known or not _is_locked(project) or time.monotonic() >= deadline:
                raise
        sleep(_POLL_S)


def _is_locked(project: Project) -> bool:
    """Return whether a platform holds the project's lock."""
    try:
        lock = os.open(project.lock_file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def connect_or_start(
    project: Project,
    environ: Mapping[str, str],
    needs: Needs,
    sleep: Callable[[float], None],
) -> ControlClient:
    """Return a client of the project's supervisor, which is started if there is none.

    One that is just starting or ending is waited for. WattosError when none can be had.
    """
    project.prepare()
    deadline = time.monotonic() + _SETTLE_S
    while True:
        lock = os.open(project.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return _start(project, environ, needs, lock)
        try:
            return connect(project)
        except SupervisorGoneError as error:
            if time.monotonic() >= deadline:
                raise _stuck(project, error) from error
        sleep(_POLL_S)


def _start(project: Project, environ: Mapping[str, str], needs: Needs, lock: int) -> ControlClient:
    """Start guardian and supervisor, which take over `lock`; return a client on a socket they inherit."""
    _end_leftovers(project)
    sockets = prepare_socket_dir(project, environ)
    ours, theirs = socket.socketpair()
    invocation = Invocation(project.root, sockets, needs)
    moved_lock = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    os.close(lock)
    with theirs:
        moved = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    try:
        os.posix_spawn(
            sys.executable,
            [sys.executable, "-S", "-P", "-c", _PROGRAM, *invocation.to_argv()],
            {**environ, "PYTHONPATH": os.pathsep.join(_absolute_path()), "PYTHONUNBUFFERED": "1"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (
                    os.POSIX_SPAWN_OPEN,
                    1,
                    str(project.supervisor_log),
                    os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                    0o600,
                ),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                (os.POSIX_SPAWN_DUP2, moved, CLIENT_FD),
                (os.POSIX_SPAWN_DUP2, moved_lock, LOCK_FD),
            ],
        )
    finally:
        os.close(moved)
        os.close(moved_lock)
    return ControlClient(ours, fresh=True)


def _absolute_path() -> list[str]:
    """Return our import path for a Python without site: the packages' own folders come from there."""
    return [str(Path(entry).absolute()) for entry in sys.path if entry]


def _end_leftovers(project: Project) -> None:
    """Kill, by pid and start time, what an earlier platform left behind if its guardian was killed."""
    import signal

    state = read_json(project.services_file) or {}
    for row in [*state.get("services", []), state.get("supervisor") or {}, state.get("guardian") or {}]:
        pid, started = int(row.get("pid") or 0), int(row.get("start_time") or 0)
        if started and process_table.alive(pid, started):
            try:
                os.killpg(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue


def _stuck(project: Project, error: SupervisorGoneError) -> WattosError:
    return WattosError(
        f"the supervisor of {project.root} does not answer: {error}",
        hint="stop it with: wattos down",
        code="supervisor_stuck",
        exit_code=ExitCode.NO,
        details={"log": str(project.supervisor_log)},
    )

"""One drill at a time in one project: two would take each other's faults for the platform's weakness."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project

_FILE = "drill.lock"


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Run the block while nobody else runs a drill in `project`; the kernel ends that with this process.

    WattosError (exit 4) that names the process of the other one.
    """
    descriptor = os.open(project.run_dir / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(project, os.pread(descriptor, 20, 0).decode(errors="replace").strip()) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _busy(project: Project, pid: str) -> WattosError:
    return WattosError(
        f"a drill is running already in {project.root}" + (f" (pid {pid})" if pid else ""),
        hint="wait until it has ended, then run this one.",
        code="drill_running",
        exit_code=ExitCode.UNREACHABLE,
        details={"pid": pid},
    )

"""Starting a fork server: the first thing a supervisor does, before it imports anything that takes time."""

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.supervisor import exec_child

# glibc gives each thread an arena of its own; services do nearly all their work in one thread, and the arenas
# of the few others only hold pages back: 1 MB a service. Read once, at exec, so it holds for every fork.
_LEAN = {"MALLOC_ARENA_MAX": "1"}


class ForkServerProcess:
    """A fork server that has been started but not yet spoken to; making one needs no event loop."""

    def __init__(
        self,
        services: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        log_file: Path,
        *,
        migrations: bool,
        redis: bool,
    ) -> None:
        self.services = frozenset(services)
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-P", "-m", "wattos_platform", "forkserver"]
        command += ["--control-fd", str(exec_child.PASSED_FD), "--parent", str(os.getpid())]
        command += ["--preload", ",".join(services)]
        command += ["--migrations", "yes" if migrations else "no", "--redis", "yes" if redis else "no"]
        with theirs:
            self.pid = exec_child.start(
                command, environ={**_LEAN, **environ}, cwd=cwd, log_file=log_file, pass_fd=theirs.fileno()
            )


@dataclass(frozen=True, slots=True)
class ForkServers:
    """The fork server that is already starting, and how to start another when code has changed."""

    first: ForkServerProcess
    make: Callable[[], ForkServerProcess]


def platform_environ(environ: Mapping[str, str], import_paths: Sequence[Path]) -> dict[str, str]:
    """Return `environ` so that a Python started anywhere finds the same packages as we do."""
    given = [Path(entry).absolute() for entry in environ.get("PYTHONPATH", "").split(":") if entry]
    paths = dict.fromkeys(str(path) for path in (*import_paths, *given))
    return {**environ, "PYTHONPATH": ":".join(paths)}

"""The first steps of the supervisor: the fork server, which needs longest, before asyncio is imported."""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from wattos_cli import prctl
from wattos_cli.supervisor.fork_process import ForkServerProcess, ForkServers, platform_environ
from wattos_cli.supervisor.invocation import Invocation


def supervise(argv: list[str], client_fd: int, guardian_pipe: int) -> int:
    """Supervise the project that `argv` names until it is told to end; return the exit code."""
    invocation = Invocation.parse(argv)
    os.chdir(invocation.root)
    prctl.become_subreaper()
    prctl.set_name("wattos-supervisor")
    if not invocation.needs.tls:
        modules: MutableMapping[str, Any] = sys.modules
        modules["ssl"] = None  # asyncio does without, which saves 10 ms and 2 MB
    import_paths = _import_paths()
    environ = platform_environ(os.environ, import_paths)

    def fork_server() -> ForkServerProcess:
        log_file = invocation.root / ".wattos" / "logs" / "supervisor.log"
        return ForkServerProcess(
            invocation.needs.preload,
            environ,
            invocation.root,
            log_file,
            migrations=invocation.needs.migrations,
            redis=invocation.needs.redis,
        )

    fork_servers = ForkServers(fork_server(), fork_server) if invocation.needs.preload else None

    from wattos_cli.supervisor.daemon import run  # imports asyncio, while the fork server imports its own

    return run(invocation, import_paths, fork_servers, client_fd=client_fd, guardian_pipe=guardian_pipe)


def _import_paths() -> tuple[Path, ...]:
    """Return where `wattos_cli` and `wattos_platform` are imported from."""
    import wattos_platform

    ours = Path(__file__).resolve().parents[2]
    platform = Path(str(wattos_platform.__file__)).resolve().parents[1]
    return (ours, platform) if ours != platform else (ours,)

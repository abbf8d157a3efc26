"""`python -m wattos_cli.supervisor`: guardian, supervisor and fork server, started by `wattos up`.

The order is about time: the fork server needs longest, so it is started before the supervisor imports
anything, and guardian and supervisor share one interpreter's pages.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from wattos_cli.supervisor import parenthood
from wattos_cli.supervisor.fork_process import ForkServerProcess, platform_environ
from wattos_cli.supervisor.guardian import guard
from wattos_cli.supervisor.invocation import Invocation

_MANY = 65_536


def main(argv: list[str]) -> int:
    """Guard a supervisor until it ends; return its exit code."""
    invocation = Invocation.parse(argv)
    for descriptor in (invocation.client_fd, invocation.lock_fd):
        os.set_inheritable(descriptor, False)
    # What the caller had open besides, a lock of a CI job perhaps, must not live as long as the platform.
    os.closerange(max(2, invocation.client_fd, invocation.lock_fd) + 1, _MANY)
    os.chdir(invocation.root)
    return guard(lambda guardian_pipe: _supervise(invocation, guardian_pipe))


def _supervise(invocation: Invocation, guardian_pipe: int) -> int:
    parenthood.become_subreaper()
    parenthood.set_name("wattos-supervisor")
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
        )

    first = fork_server() if invocation.needs.preload else None

    from wattos_cli.supervisor.daemon import run  # imports asyncio, while the fork server imports its own

    return run(invocation, import_paths, first, fork_server if first else None, guardian_pipe)


def _import_paths() -> tuple[Path, ...]:
    """Return where `wattos_cli` and `wattos_platform` are imported from."""
    import wattos_platform

    ours = Path(__file__).resolve().parents[2]
    platform = Path(str(wattos_platform.__file__)).resolve().parents[1]
    return (ours, platform) if ours != platform else (ours,)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The supervisor program: guardian, supervisor and fork server, started by `wattos up`.

The guardian stays what it is here, a bare interpreter: everything else is imported in its child.
"""

import os
import sys

from wattos_cli.supervisor.guardian import guard

# Where the command that starts us puts its connection and the project's lock.
CLIENT_FD = 3
LOCK_FD = 4
_MANY = 65_536


def main(argv: list[str]) -> int:
    """Guard a supervisor until it ends; return its exit code."""
    for descriptor in (CLIENT_FD, LOCK_FD):
        os.set_inheritable(descriptor, False)
    # What the caller had open besides, a lock of a CI job perhaps, must not live as long as the platform.
    os.closerange(LOCK_FD + 1, _MANY)
    return guard(lambda guardian_pipe: _supervise(argv, guardian_pipe))


def _supervise(argv: list[str], guardian_pipe: int) -> int:
    from wattos_cli.supervisor.bootstrap import supervise

    return supervise(argv, CLIENT_FD, guardian_pipe)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

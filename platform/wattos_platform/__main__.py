"""`python -m wattos_platform PROGRAM ...`: the programs that the CLI, containers and benchmarks execute."""

import sys
from collections.abc import Sequence

_USAGE = "usage: python -m wattos_platform serve NAME | migrate NAME | forkserver"


def main(argv: Sequence[str]) -> int:
    """Run the program that `argv` names and return its exit code."""
    match list(argv):
        case ["serve", name]:
            from wattos_platform.kernel.process.imports import import_lean

            import_lean()
            from wattos_platform.kernel.programs import serve_program

            return serve_program(name)
        case ["migrate", name]:
            from wattos_platform.kernel.programs import migrate_program

            return migrate_program(name)
        case ["forkserver", *options]:
            from wattos_platform.kernel.process import forkserver

            return forkserver.main(options, main)
    sys.stderr.write(f"{_USAGE}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

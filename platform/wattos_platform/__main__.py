"""`python -m wattos_platform PROGRAM ...`: the programs that the CLI, containers and benchmarks execute."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Run the program that `argv` names and return its exit code."""
    program = argv[0] if argv else ""
    sys.stderr.write(f"wattos_platform: unknown program {program!r}; known: serve, migrate, forkserver\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

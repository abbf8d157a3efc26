"""The first lines of the parser process: tied to the service's life before anything heavy is imported."""

import sys

from wattos_platform.kernel.process.prctl import die_with_parent, set_name


def main() -> None:
    """Run the parser for the process whose id is the only argument."""
    die_with_parent(int(sys.argv[1]))
    set_name("wattos-parser")
    from wattos_platform.services.rag.adapters.parsing.child import main as serve

    serve()


if __name__ == "__main__":
    main()

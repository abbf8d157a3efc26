"""The command tree, one line per command, and the real dependencies that commands get."""

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from wattos_cli.console import Console
from wattos_cli.deps import Deps
from wattos_cli.dispatch.tree import Entry, with_default_verb
from wattos_cli.errors import ExitCode

_COMMANDS = "wattos_cli.commands"

TREE: tuple[Entry, ...] = (
    Entry(
        "up", "Start the platform, or what is missing of it, and wait until it is ready.", f"{_COMMANDS}.up"
    ),
    Entry("down", "Stop the platform; nothing stays behind.", f"{_COMMANDS}.down"),
    Entry("ps", "Show every service and its state.", f"{_COMMANDS}.ps"),
    Entry("restart", "Restart services while the others keep serving.", f"{_COMMANDS}.restart"),
    Entry("logs", "Show the services' log lines in the order of time.", f"{_COMMANDS}.logs"),
)


def build_deps(environ: Mapping[str, str], stdin: TextIO, stdout: TextIO, stderr: TextIO) -> Deps:
    """Return the dependencies of a real run: the process's streams, clocks and folder."""
    in_ci = environ.get("CI", "").lower() in {"1", "true"}
    plain = "NO_COLOR" in environ or environ.get("TERM") == "dumb" or in_ci
    console = Console(
        stdout,
        stderr,
        color=stdout.isatty() and not plain,
        animate=stderr.isatty() and not plain,
        width=shutil.get_terminal_size((100, 24)).columns,
    )
    return Deps(
        console=console,
        environ=environ,
        cwd=Path.cwd(),
        stdin=stdin,
        clock=time.time,
        monotonic=time.monotonic,
        sleep=time.sleep,
    )


def execute(argv: Sequence[str], tree: Sequence[Entry] = TREE, deps: Deps | None = None) -> ExitCode:
    """Run the command that `argv` (without the program's name) names.

    Raises what the command raises (WattosError for every foreseen failure) and typer's exceptions for a
    wrong command line; `__main__` turns them into text and a code.
    """
    from wattos_cli.dispatch import globals as global_options
    from wattos_cli.dispatch import lazy

    deps = deps or build_deps(os.environ, sys.stdin, sys.stdout, sys.stderr)
    group = lazy.build(tree, deps)
    return lazy.invoke(group, with_default_verb(argv, tree, global_options.VALUE_OPTIONS))

"""Every dependency a command may use, given as one object, so that a test replaces any of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeVar

from wattos_cli.console import Console
from wattos_cli.errors import ExitCode


@dataclass
class Deps:
    """What a command may reach; `cwd` is where the user stands (after `-C`)."""

    console: Console
    environ: Mapping[str, str]
    cwd: Path
    stdin: TextIO
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


OptionsT = TypeVar("OptionsT")

# The work of a command: Options in, exit code out; it raises WattosError for every foreseen failure.
Run = Callable[[OptionsT, Deps], ExitCode]

# The parser of a command: `deps` first, then typer parameters; it returns what `run` returns.
Command = Callable[..., ExitCode]

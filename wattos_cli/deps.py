"""Every dependency a command may use, given as one object, so that a test replaces any of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from wattos_cli.console import Console


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

"""Load that runs, whoever makes it: what drills and load tests see of a generation."""

from typing import Protocol

from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured


class Load(Protocol):
    """A generator that runs; `wattos_cli.loadtest.generation.Generation` is the real one."""

    @property
    def running(self) -> bool:
        """Return whether it still runs."""
        ...

    def poll(self) -> list[Interval]:
        """Return what was counted since the last call."""
        ...

    def result(self) -> Measured:
        """Return all that was counted; WattosError (exit 4) that says why, if that is nothing at all."""
        ...

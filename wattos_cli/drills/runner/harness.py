"""What a drill runs on: every dependency of the runner, so that a test replaces any of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.fault import Fault, FaultForm
from wattos_cli.drills.observing.view import Platform
from wattos_cli.drills.runner.interruptions import Shield
from wattos_cli.loadtest.measuring.interval import Interval


class Load(Protocol):
    """Load that runs; `wattos_cli.loadtest.generation.Generation` is the real one."""

    @property
    def running(self) -> bool:
        """Return whether it still runs."""
        ...

    def poll(self) -> Sequence[Interval]:
        """Return what was counted since the last call."""
        ...

    def result(self) -> object:
        """Return all that was counted; WattosError that says why, if that is nothing."""
        ...


@dataclass(frozen=True)
class Harness:
    """`load` starts the drill's load for so many seconds at most, and ends it with the block.

    `reset` closes the breakers that are called so, where they are open.
    """

    platform: Platform
    load: Callable[[Drill, float], AbstractContextManager[Load]]
    fault: Callable[[FaultForm], Fault]
    reset: Callable[[str], None]
    shield: Shield
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

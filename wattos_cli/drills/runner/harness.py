"""What a drill runs on: every dependency of the runner, so that a test replaces any of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.fault import Fault, FaultForm
from wattos_cli.drills.observing.view import Platform
from wattos_cli.drills.runner.interruptions import Shield
from wattos_cli.loadtest.load import Load


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

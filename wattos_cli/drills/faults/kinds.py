"""The kinds of faults by the name that a drill's file gives them: one line each."""

from collections.abc import Mapping

from wattos_cli.drills.faults.breaker import BreakerForm
from wattos_cli.drills.faults.database import LockForm
from wattos_cli.drills.faults.fault import FaultForm
from wattos_cli.drills.faults.processes import FreezeForm, KillForm
from wattos_cli.drills.faults.simulator import SimulatorForm

KINDS: Mapping[str, type[FaultForm]] = {
    "breaker": BreakerForm,
    "freeze": FreezeForm,
    "kill": KillForm,
    "lock": LockForm,
    "simulator": SimulatorForm,
}

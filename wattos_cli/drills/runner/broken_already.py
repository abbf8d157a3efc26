"""What a drill that was killed may have left: faults of the simulator, and breakers that it tripped.

Processes and databases are none of it: what holds those faults ends with its drill.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.clients import breakers
from wattos_cli.clients.simulator import Simulator
from wattos_cli.deps import Deps
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.breaker import REASON
from wattos_cli.drills.faults.simulator import described
from wattos_cli.drills.observing.refusing import refusing, reset_command
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project
from wattos_platform.contracts.simulator_faults import FaultRequest


def check(drills: Sequence[Drill], deps: Deps, project: Project) -> None:
    """Return when nothing is broken yet of what `drills` use; call it while no other drill can run.

    WattosError (exit 4) that names what is, when it ends by itself, and what ends it now.
    """
    told, ends = [], []
    if any("simulator" in drill.needs for drill in drills):
        simulator = Simulator.running(deps, project)
        told = [_fault(fault) for fault in simulator.faults()]
        ends = [f"curl -s -X DELETE {simulator.url}/simulator/faults"] if told else []
    rows = breakers.listing(breakers.everywhere(deps, project, "/admin/breakers"))
    # A model's breaker that a fault has opened outlives it.
    left = [row for row in rows if row["reason"] == REASON or (told and row["name"].startswith("llm:"))]
    for name, said in refusing(left).items():
        told.append(said)
        ends.append(reset_command(name))
    if told:
        raise WattosError(
            f"something is broken already, by a drill that was killed or by hand: {'; '.join(told)}",
            hint=f"wait until it has ended, or end it now: {' && '.join(ends)}",
            code="broken_already",
            exit_code=ExitCode.UNREACHABLE,
            details={"broken": told},
        )


def _fault(fault: Mapping[str, Any]) -> str:
    request = FaultRequest.model_validate(fault["spec"])
    return f"{described(request)} for another {float(fault['left_s']):.0f} s"

"""Kind `lock`: a service's database cannot be written, because somebody holds an exclusive transaction."""

from typing import Literal

from pydantic import Field

from wattos_cli.drills.faults.fault import FaultForm, FaultTarget
from wattos_cli.drills.faults.held import HeldFault
from wattos_cli.drills.faults.holder.order import Order


class LockForm(FaultForm):
    """The SQLite file of `service` is locked for writing; its readers go on."""

    kind: Literal["lock"]
    service: str = Field(min_length=1, max_length=100)

    def fault(self, target: FaultTarget) -> HeldFault:
        """Return the fault, with nothing locked yet."""
        order = Order("lock", str(target.project.root), self.service, 0.0)
        return HeldFault(order, f"the database of {self.service} is locked")

"""Kinds `freeze` and `kill`: a service's or component's process hangs, or dies without a word."""

from typing import Literal

from pydantic import Field

from wattos_cli.config.forms import Seconds
from wattos_cli.drills.faults.fault import FaultForm, FaultTarget
from wattos_cli.drills.faults.held import HeldFault
from wattos_cli.drills.faults.holder.kill import MOST_STRIKES
from wattos_cli.drills.faults.holder.order import Order


class FreezeForm(FaultForm):
    """The process of `service` stands still: it keeps its connections and answers nothing.

    All replicas, or the one of the number `replica`.
    """

    kind: Literal["freeze"]
    service: str = Field(min_length=1, max_length=100)
    replica: int | None = Field(default=None, ge=0)

    def fault(self, target: FaultTarget) -> HeldFault:
        """Return the fault, with nothing frozen yet."""
        order = Order("freeze", str(target.project.root), self.service, 0.0, self.replica)
        return HeldFault(order, f"{_whom(self.service, self.replica)} is frozen")


class KillForm(FaultForm):
    """The process of `service` is killed, `times` in all, `every` so often; the supervisor starts it again.

    All replicas, or the one of the number `replica`. What is just starting is spared until it has started.
    """

    kind: Literal["kill"]
    service: str = Field(min_length=1, max_length=100)
    replica: int | None = Field(default=None, ge=0)
    times: int = Field(default=1, ge=1, le=MOST_STRIKES)
    every: Seconds = 1.0

    def fault(self, target: FaultTarget) -> HeldFault:
        """Return the fault, with nobody killed yet."""
        order = Order(
            "kill",
            str(target.project.root),
            self.service,
            0.0,
            self.replica,
            times=self.times,
            every_s=self.every,
        )
        often = "" if self.times == 1 else f" {self.times} times, {self.every:g} s apart"
        return HeldFault(order, f"{_whom(self.service, self.replica)} is killed{often}")


def _whom(service: str, replica: int | None) -> str:
    return service if replica is None else f"{service}-{replica}"

"""Kind `breaker`: a circuit breaker is tripped by hand, in every replica that has it."""

from typing import ClassVar, Literal

from pydantic import Field

from wattos_cli.clients.breaker_orders import Order, give
from wattos_cli.drills.faults.fault import FaultForm, FaultTarget
from wattos_cli.errors import WattosError

REASON = "a drill of wattos"
"""Why a drill trips a breaker; it stands beside the breaker while it is tripped."""


class BreakerForm(FaultForm):
    """`name` is the breaker's; `service` narrows it to one service."""

    needs: ClassVar[tuple[str, ...]] = ()

    kind: Literal["breaker"]
    name: str = Field(min_length=1, max_length=200)
    service: str = ""

    def fault(self, target: FaultTarget) -> "BreakerFault":
        """Return the fault, not tripped yet."""
        return BreakerFault(self.name, self.service, target)


class BreakerFault:
    """A tripped breaker: every replica ends the trip by itself when its time is over."""

    def __init__(self, name: str, service: str, target: FaultTarget) -> None:
        self._name = name
        self._service = service
        self._target = target
        self._tripped = False

    def apply(self, ttl_s: float) -> None:
        """Trip it everywhere; WattosError when a replica did not obey."""
        self._tripped = True
        self._tell("trip", ttl_s)

    def rollback(self) -> None:
        """Close it everywhere."""
        if self._tripped:
            self._tell("reset")
            self._tripped = False

    def describe(self) -> str:
        """Return which breaker refuses."""
        where = f" of {self._service}" if self._service else ""
        return f"breaker {self._name}{where} is tripped"

    def _tell(self, action: str, ttl_s: float | None = None) -> None:
        outcome = give(self._target.deps, Order(action, self._name, REASON, ttl_s, self._service))
        missed = [answer for answer in outcome.answers if answer.error is not None]
        if missed:
            names = ", ".join(f"{each.replica.name}-{each.replica.replica}" for each in missed)
            raise WattosError(
                f"{action} of {self._name} did not reach {names}",
                hint=f"wattos breaker show {self._name}",
                code="breaker_unreached",
            )

"""Kind `simulator`: the provider behind the platform is ill, in one of the ways that the simulator knows."""

from typing import ClassVar, Literal

from pydantic import field_validator

from wattos_cli.clients.simulator import Simulator
from wattos_cli.drills.faults.fault import FaultForm, FaultTarget
from wattos_platform.contracts.simulator_faults import Anywhere, FaultRequest


class SimulatorForm(FaultForm):
    """`request` is what POST /simulator/faults takes, without ttl_s: the drill says how long."""

    needs: ClassVar[tuple[str, ...]] = ("simulator",)

    kind: Literal["simulator"]
    request: FaultRequest

    @field_validator("request")
    @classmethod
    def _without_ttl(cls, request: FaultRequest) -> FaultRequest:
        if "ttl_s" in request.root.model_fields_set:
            raise ValueError("ttl_s: leave it out; `ttl` beside `kind` says how long the fault lasts")
        return request

    def fault(self, target: FaultTarget) -> "SimulatorFault":
        """Return the fault, switched off yet."""
        return SimulatorFault(self.request, Simulator.running(target.deps, target.project))


class SimulatorFault:
    """A fault of the simulator, which ends it by itself: it keeps the time."""

    def __init__(self, request: FaultRequest, simulator: Simulator) -> None:
        self._request = request
        self._simulator = simulator
        self._id: str | None = None

    def apply(self, ttl_s: float) -> None:
        """Switch it on."""
        body = self._request.model_dump(exclude_unset=True)
        self._id = self._simulator.add_fault({**body, "ttl_s": ttl_s})

    def rollback(self) -> None:
        """Switch it off, and no other."""
        if self._id is not None:
            self._simulator.remove_fault(self._id)
            self._id = None

    def describe(self) -> str:
        """Return the fault with its fields."""
        return described(self._request)


def described(request: FaultRequest) -> str:
    """Return a fault in words: whom it strikes, with what, and the fields that are not as by default."""
    spec: Anywhere = request.root
    told = spec.model_dump(exclude_defaults=True, exclude={"kind", "ttl_s", "provider"})
    kind = str(request.model_dump()["kind"])
    if kind in told:  # named after its main field: `status 503`
        kind = f"{kind} {told.pop(kind)}"
    fields = ", ".join(f"{name} {value}" for name, value in told.items())
    return f"{spec.provider or 'every provider'}: {kind}{f' ({fields})' if fields else ''}"

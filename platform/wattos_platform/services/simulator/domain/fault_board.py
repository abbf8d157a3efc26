"""Faults that are switched on for a while: which one strikes a request, if any."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from wattos_platform.contracts.simulator_faults import Fault, Refuse, Targeted

MOST_FAULTS = 100


class ActiveFault:
    """A fault that is on until `until`, in seconds of the board's clock; `struck` is how often it did."""

    __slots__ = ("_rng", "id", "spec", "struck", "until")

    def __init__(self, fault_id: str, spec: Fault, until: float, rng: Random) -> None:
        self.id = fault_id
        self.spec = spec
        self.until = until
        self.struck = 0
        self._rng = rng

    def strikes(self) -> bool:
        """Throw the dice."""
        chance = self.spec.probability if isinstance(self.spec, Targeted) else 1
        if chance < 1 and self._rng.random() >= chance:
            return False
        self.struck += 1
        return True

    def over(self, now: float) -> bool:
        """Return whether it has ended, by time or by the number of its strikes."""
        times = self.spec.times if isinstance(self.spec, Targeted) else None
        return now >= self.until or (times is not None and self.struck >= times)

    def shown(self, now: float) -> dict[str, Any]:
        """Return it as JSON."""
        spec = self.spec.model_dump(exclude_none=True)
        return {"id": self.id, "spec": spec, "left_s": round(self.until - now, 3), "struck": self.struck}


class FaultBoard:
    """The faults that are switched on; each ends by itself."""

    def __init__(self, monotonic: Callable[[], float], rng: Random) -> None:
        self._monotonic = monotonic
        self._rng = rng
        self._faults: dict[str, ActiveFault] = {}

    def add(self, fault_id: str, spec: Fault) -> dict[str, Any]:
        """Switch a fault on and return it as JSON; OverflowError when 100 are on already."""
        self._expire()
        if len(self._faults) >= MOST_FAULTS:
            raise OverflowError(f"{MOST_FAULTS} faults are switched on already")
        seed = spec.seed if isinstance(spec, Targeted) else None
        rng = self._rng if seed is None else Random(seed)  # noqa: S311 - dice for faults
        now = self._monotonic()
        fault = ActiveFault(fault_id, spec, now + spec.ttl_s, rng)
        self._faults[fault_id] = fault
        return fault.shown(now)

    def remove(self, fault_id: str) -> bool:
        """Switch one fault off; False if it was not on."""
        self._expire()
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    def active(self) -> Sequence[dict[str, Any]]:
        """Return what is switched on as JSON, oldest first."""
        self._expire()
        now = self._monotonic()
        return [fault.shown(now) for fault in self._faults.values()]

    def refused_for(self, provider: str) -> float:
        """Return for how many seconds the provider's own ports still refuse connections, 0 if they do not."""
        self._expire()
        now = self._monotonic()
        refusing = (fault for fault in self._faults.values() if isinstance(fault.spec, Refuse))
        return max(
            (fault.until - now for fault in refusing if fault.spec.concerns(provider, "", "")), default=0.0
        )

    def strike(self, provider: str, path: str, model: str) -> Fault | None:
        """Return the fault that this request meets: the oldest that concerns it and whose dice say so."""
        self._expire()
        for fault in self._faults.values():
            if fault.spec.concerns(provider, path, model) and fault.strikes():
                return fault.spec
        return None

    def _expire(self) -> None:
        now = self._monotonic()
        self._faults = {name: fault for name, fault in self._faults.items() if not fault.over(now)}

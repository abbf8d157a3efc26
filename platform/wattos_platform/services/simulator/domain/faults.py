"""Faults that are switched on for a while: which one strikes a request, if any."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_FAULTS = 100
LONGEST_TTL_S = 86_400.0
Kind = Literal["status", "rate_limit", "hang", "truncate", "reset"]


class FaultRequest(BaseModel):
    """POST /simulator/faults.

    `status` answers with that status; `rate_limit` with 429 and Retry-After; `hang` sends nothing until the
    caller leaves; `truncate` ends a stream after `after_tokens` tokens without finish_reason; `reset` resets
    the TCP connection, before the headers or after `after_tokens` tokens of a stream.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Kind
    probability: float = Field(default=1.0, gt=0, le=1)
    ttl_s: float = Field(default=60.0, gt=0, le=LONGEST_TTL_S)
    status: int = Field(default=500, ge=400, le=599)
    retry_after_s: int = Field(default=1, ge=0, le=3600)
    after_tokens: int = Field(default=0, ge=0, le=100_000)
    path: str | None = Field(
        default=None, description="Only requests of this path; all under /v1 without it."
    )
    model: str | None = Field(default=None, description="Only requests for this model.")

    @model_validator(mode="after")
    def _truncation_needs_content(self) -> "FaultRequest":
        if self.kind == "truncate" and self.after_tokens == 0:
            self.after_tokens = 3
        return self


class Fault(BaseModel):
    """A fault that is switched on; `left_s` is how long it still lasts, `struck` how often it did."""

    id: str
    spec: FaultRequest
    left_s: float = 0.0
    struck: int = 0


class FaultBoard:
    """The faults that are switched on; each ends by itself."""

    def __init__(self, monotonic: Callable[[], float], rng: Random) -> None:
        self._monotonic = monotonic
        self._rng = rng
        self._faults: dict[str, tuple[Fault, float]] = {}

    def add(self, fault_id: str, spec: FaultRequest) -> Fault:
        """Switch a fault on and return it; OverflowError when 100 are on already."""
        self._expire()
        if len(self._faults) >= MOST_FAULTS:
            raise OverflowError(f"{MOST_FAULTS} faults are switched on already")
        fault = Fault(id=fault_id, spec=spec, left_s=spec.ttl_s)
        self._faults[fault_id] = (fault, self._monotonic() + spec.ttl_s)
        return fault

    def remove(self, fault_id: str) -> bool:
        """Switch one fault off; False if it was not on."""
        self._expire()
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    def active(self) -> Sequence[Fault]:
        """Return what is switched on, oldest first."""
        self._expire()
        now = self._monotonic()
        for fault, until in self._faults.values():
            fault.left_s = round(until - now, 3)
        return [fault for fault, _ in self._faults.values()]

    def strike(self, path: str, model: str) -> FaultRequest | None:
        """Return the fault that this request meets: the oldest that concerns it and whose dice say so."""
        self._expire()
        for fault, _ in self._faults.values():
            spec = fault.spec
            if spec.path not in (None, path) or spec.model not in (None, model):
                continue
            if spec.probability >= 1 or self._rng.random() < spec.probability:
                fault.struck += 1
                return spec
        return None

    def _expire(self) -> None:
        now = self._monotonic()
        self._faults = {name: entry for name, entry in self._faults.items() if entry[1] > now}

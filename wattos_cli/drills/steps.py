"""One thing that happened in a drill, as it is told and reported."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """`at_s` counts from the beginning of the drill; `ok` says whether it was as it must be."""

    name: str
    ok: bool
    at_s: float
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON-able values, to the millisecond."""
        return {**asdict(self), "at_s": round(self.at_s, 3)}


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase that begins; it lasts `longest_s` at most."""

    name: str
    at_s: float
    longest_s: float


class Observer(Protocol):
    """Who is told what happens, as it happens."""

    def phase(self, phase: Phase) -> None:
        """Take notice of a phase that begins."""
        ...

    def step(self, step: Step) -> None:
        """Take notice of a step."""
        ...

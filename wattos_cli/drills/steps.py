"""One thing that happened in a drill, as it is told and reported."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


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


Tell = Callable[[Step], None]

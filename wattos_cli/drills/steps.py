"""One thing that happened in a drill, as it is told and reported."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """`at_s` counts from the beginning of the drill; `ok` says whether it was as it must be."""

    name: str
    ok: bool
    at_s: float
    detail: str = ""


Tell = Callable[[Step], None]

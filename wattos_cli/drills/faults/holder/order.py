"""What a holder is told to do, and how it says what became of it; one line of JSON each."""

import json
from dataclasses import asdict, dataclass
from typing import Any


class RefusedError(Exception):
    """The fault cannot or must not be applied; `hint` says what would help."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Order:
    """One fault of one project, which stands for `ttl_s` at most, whoever forgets about it.

    `replica` None means all of `service`. A kill strikes `times`, `every_s` apart.
    """

    kind: str
    root: str
    service: str
    ttl_s: float
    replica: int | None = None
    times: int = 1
    every_s: float = 1.0

    def to_line(self) -> bytes:
        """Return the line that `from_line` reads."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Order":
        """Return the order; ValueError or TypeError if the line is none."""
        return cls(**json.loads(line))


def report(event: str, **fields: Any) -> bytes:
    """Return the line that tells of `event`: applied, refused, struck or ended."""
    return json.dumps({"event": event, **fields}).encode() + b"\n"

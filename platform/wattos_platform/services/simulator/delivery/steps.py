"""What delivering an answer consists of; `performance` takes the steps one by one."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing happens for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Head:
    """Status and header fields go out; without a content-length the body is chunked."""

    status: int
    headers: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of the body go out; `tokens` of the answer are in them, None if they are no part of an answer."""

    data: bytes
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing happens until the caller leaves."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection ends here: by RST, or by FIN in the middle of the body."""

    reset: bool


Step = Pause | Head | Send | Silence | HangUp

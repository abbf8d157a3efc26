"""Where operators' orders stand for all replicas to read: the port, and the board that is none."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from wattos_platform.kernel.resilience.breaker_types import Order


class BoardUnavailableError(Exception):
    """The board cannot be reached; the text says why. Local decisions go on."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One order on the board: for which breaker, and for which service (empty: for all).

    `sequence` grows with each order, whoever posts it. Read from the board, `order.ttl_s` is what is left.
    """

    name: str
    service: str
    order: Order
    sequence: int = 0


class TripBoard(Protocol):
    """A board of orders; every method but `wait` raises BoardUnavailableError when it cannot be reached.

    It keeps one order for each breaker and service, the last one, until its ttl is over; a reset for
    MAX_TTL_S, so that a replica which missed it learns of it. An order for all services replaces those for
    single ones.
    """

    @property
    def shared(self) -> bool:
        """Return whether anybody else reads this board."""
        ...

    async def post(self, posted: Posted) -> int:
        """Put an order on the board, tell all readers, and return its sequence number."""
        ...

    async def latest(self) -> int:
        """Return the sequence number of the last order, 0 if there has been none."""
        ...

    async def standing(self) -> list[Posted]:
        """Return the orders that are still in force, in the order of their sequence."""
        ...

    async def wait(self, timeout_s: float) -> None:
        """Return when an order may have been posted, `timeout_s` from now at the latest."""
        ...

    async def close(self) -> None:
        """Give back what the board holds."""
        ...


class NoTripBoard:
    """The board of a platform whose replicas share nothing."""

    shared = False

    async def post(self, posted: Posted) -> int:  # noqa: ARG002 - the Protocol's shape
        """Tell nobody."""
        return 0

    async def latest(self) -> int:
        """Return that there has been none."""
        return 0

    async def standing(self) -> list[Posted]:
        """Return none."""
        return []

    async def wait(self, timeout_s: float) -> None:
        """Wait for the whole time."""
        await asyncio.sleep(timeout_s)

    async def close(self) -> None:
        """Hold nothing, close nothing."""

"""How orders reach the breakers of this process: from its own operations listener, and from the board."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from math import isfinite

from wattos_platform.contracts.breakers import Scope
from wattos_platform.kernel.background import in_background
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.resilience.breaker_core import Breaker
from wattos_platform.kernel.resilience.breaker_registry import BreakerRegistry, UnknownBreakerError
from wattos_platform.kernel.resilience.breaker_types import Action, Order
from wattos_platform.kernel.resilience.trip_board import BoardUnavailableError, Posted, TripBoard
from wattos_platform.kernel.telemetry import Log

# Announcements make it quicker; this alone keeps the promise of one second.
POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Given:
    """An order that was obeyed here. `shared`: it stands on the board too; `problem` says why it does not."""

    breaker: Breaker
    shared: bool
    problem: str = ""


class BreakerControl:
    """Obeys orders and shares them. Without a shared board, or while it is down, orders hold here alone.

    `wall_clock` gives epoch seconds.
    """

    def __init__(
        self,
        breakers: BreakerRegistry,
        board: TripBoard,
        *,
        service: str,
        log: Log,
        wall_clock: Callable[[], float],
        poll_s: float = POLL_S,
    ) -> None:
        self._breakers = breakers
        self._board = board
        self._service = service
        self._log = log
        self._wall_clock = wall_clock
        self._poll_s = poll_s
        self._latest = -1
        self._seen: dict[str, int] = {}
        self._reachable = True

    async def give(self, name: str, order: Order, scope: Scope) -> Given:
        """Obey `order` here at once and post it for the others of `scope`.

        UnknownBreakerError when this service cannot have such a breaker. An order that came over the board
        meanwhile (the same id) is not obeyed twice.
        """
        expires_at = self._wall_clock() + order.ttl_s if isfinite(order.ttl_s) else None
        order = replace(order, id=order.id or uuid7(), expires_at=expires_at)
        breaker = self._obey(name, order)
        if scope == "replica" or not self._board.shared:
            return Given(breaker, shared=False)
        posted = Posted(name, self._service if scope == "service" else "", order)
        try:
            self._seen[name] = max(await self._board.post(posted), self._seen.get(name, 0))
        except BoardUnavailableError as error:
            self._note(reachable=False, why=str(error))
            return Given(breaker, shared=False, problem=str(error))
        return Given(breaker, shared=True)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Obey what stands on the board, then what is posted there for as long as the block lasts."""
        if not self._board.shared:
            yield
            return
        await self._look()
        try:
            async with in_background(self._follow, "trip-board", self._log):
                yield
        finally:
            await self._board.close()

    async def _follow(self) -> None:
        while True:
            await self._board.wait(self._poll_s)
            await self._look()

    async def _look(self) -> None:
        try:
            latest = await self._board.latest()
            if latest < self._latest:
                # The board was emptied and counts anew.
                self._seen.clear()
            if latest != self._latest:
                self._obey_news(await self._board.standing())
            self._latest = latest
        except BoardUnavailableError as error:
            self._note(reachable=False, why=str(error))
        else:
            self._note(reachable=True)

    def _obey_news(self, standing: list[Posted]) -> None:
        mine = (posted for posted in standing if posted.service in {"", self._service})
        newest = {posted.name: posted for posted in sorted(mine, key=lambda posted: posted.sequence)}
        # Who has just started has nothing to reset.
        started = self._latest < 0
        for name, posted in newest.items():
            old = posted.sequence <= self._seen.get(name, 0)
            if not old and not (started and posted.order.action is Action.RESET):
                with suppress(UnknownBreakerError):
                    self._obey(name, posted.order)
        self._seen = {name: max(posted.sequence, self._seen.get(name, 0)) for name, posted in newest.items()}

    def _obey(self, name: str, order: Order) -> Breaker:
        breaker = self._breakers.find(name)
        present = breaker.snapshot().order if breaker is not None else None
        if breaker is not None and present is not None and present.id == order.id:
            return breaker
        return self._breakers.obey(name, order)

    def _note(self, *, reachable: bool, why: str = "") -> None:
        """Log once that the board is gone, and once that it is back."""
        if reachable == self._reachable:
            return
        self._reachable = reachable
        if reachable:
            self._log.info("trip_board.found", message="The orders for breakers are shared again.")
        else:
            self._log.warning(
                "trip_board.lost",
                message=f"The orders for breakers are not shared for now: {why}",
                reason=why,
            )

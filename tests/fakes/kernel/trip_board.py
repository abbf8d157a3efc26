"""A trip board in memory, shared by all that are made from one `MemoryBoards`."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf

from wattos_platform.contracts.breakers import MAX_TTL_S
from wattos_platform.kernel.resilience.breaker_types import Action
from wattos_platform.kernel.resilience.trip_board import BoardUnavailableError, Posted

MAX_ORDERS = 1000


class MemoryBoards:
    """What the boards share; `down` makes every one of them fail, `empty` is a store that lost everything."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.down = False
        self.deaf = False
        self.empty()
        self.readers: list[asyncio.Event] = []

    def empty(self) -> None:
        self.orders: dict[tuple[str, str], tuple[float, Posted]] = {}
        self.sequence = 0

    def board(self) -> "MemoryTripBoard":
        board = MemoryTripBoard(self)
        self.readers.append(board.news)
        return board


class MemoryTripBoard:
    """Implements TripBoard. While the boards are `deaf`, nobody hears of an order before asking."""

    shared = True

    def __init__(self, boards: MemoryBoards) -> None:
        self._boards = boards
        self.news = asyncio.Event()

    async def post(self, posted: Posted) -> int:
        boards = self._store()
        now = boards.clock()
        for key, (ends, old) in list(boards.orders.items()):
            if ends <= now or (not posted.service and old.name == posted.name):
                del boards.orders[key]
        key = (posted.name, posted.service)
        if key not in boards.orders and len(boards.orders) >= MAX_ORDERS:
            raise BoardUnavailableError("the board of orders is full")
        boards.sequence += 1
        ttl_s = MAX_TTL_S if posted.order.action is Action.RESET else posted.order.ttl_s
        boards.orders[key] = (now + ttl_s, replace(posted, sequence=boards.sequence))
        if not boards.deaf:
            for reader in boards.readers:
                reader.set()
        return boards.sequence

    async def latest(self) -> int:
        return self._store().sequence

    async def standing(self) -> list[Posted]:
        boards = self._store()
        now = boards.clock()
        standing = [
            replace(posted, order=replace(posted.order, ttl_s=ends - now if ends < inf else inf))
            for ends, posted in boards.orders.values()
            if ends > now
        ]
        return sorted(standing, key=lambda posted: posted.sequence)

    async def wait(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.news.wait()
        self.news.clear()

    async def close(self) -> None:
        """Hold nothing, close nothing."""

    def _store(self) -> MemoryBoards:
        if self._boards.down:
            raise BoardUnavailableError("down")
        return self._boards

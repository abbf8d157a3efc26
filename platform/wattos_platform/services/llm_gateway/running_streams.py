"""Streams under way, journaled from time to time: what they have used outlives a process that is killed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from wattos_platform.kernel.background import in_background
from wattos_platform.kernel.db.errors import unforeseen
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.llm_gateway.ports import CallRecord, StreamJournal
from wattos_platform.services.llm_gateway.relay import Relay

TICK_S = 5.0
# Returns the row of a stream, under this id, as it would be now.
SoFar = Callable[[str], CallRecord]


class RunningStreams:
    """Knows the streams that run; those that have run for a tick are written to the journal at every tick.

    Most streams end before that and cost nothing but their place in a dictionary. The call's own row bears
    the id under which the journal knew it, so that a stream which was ended is never counted again.
    """

    def __init__(
        self,
        journal: StreamJournal,
        log: Log,
        *,
        new_id: Callable[[], str],
        tick_s: float = TICK_S,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._log = log
        self._new_id = new_id
        self._tick_s = tick_s
        self._sleep = sleep
        self._running: dict[Relay, SoFar] = {}
        self._seen: set[Relay] = set()
        self._ids: dict[Relay, str] = {}
        self._recovered = False
        self._written = False

    def begun(self, relay: Relay, so_far: SoFar) -> None:
        """Take note of a stream."""
        self._running[relay] = so_far

    def ended(self, relay: Relay) -> str:
        """Forget a stream and return the id that its row must bear, "" for any."""
        self._running.pop(relay, None)
        self._seen.discard(relay)
        return self._ids.pop(relay, "")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make rows of what an earlier process left in the journal, then keep it until the block ends."""
        await self.tick()
        async with in_background(self._loop, "stream-journal", self._log, sleep=self._sleep):
            yield

    async def tick(self) -> None:
        """Write what runs to the journal; an error is logged, and the next tick tries again."""
        try:
            records = await self._records()
            if not self._recovered:
                await self._recover()
            if records or self._written:
                await self._journal.replace(records)
                self._written = bool(records)
        except Exception as error:  # noqa: BLE001 - without a journal streams go on, and rows are written at their end
            self._log.warning(
                "stream_journal.failed",
                message="The journal of streams is not written.",
                reason=str(error),
                exc_info=unforeseen(error),
            )

    async def _recover(self) -> None:
        count = await self._journal.recover()
        self._recovered = True
        if count:
            self._log.warning(
                "usage.recovered",
                message=f"{count} streams were cut by the end of an earlier process; they are counted.",
                calls=count,
            )

    async def _records(self) -> list[CallRecord]:
        """Return the rows of those that have run for a tick; between two of them the loop has a turn."""
        records = []
        for relay, so_far in list(self._running.items()):
            if relay in self._seen and relay in self._running:
                call_id = self._ids.setdefault(relay, self._new_id())
                records.append(so_far(call_id))
                await self._sleep(0)
        self._seen = set(self._running)
        return records

    async def _loop(self) -> None:
        while True:
            await self._sleep(self._tick_s)
            await self.tick()

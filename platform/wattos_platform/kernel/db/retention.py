"""Deleting what has been kept long enough, in the background and a little at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from sqlalchemy import Column, Delete, delete, select

from wattos_platform.kernel.background import in_background
from wattos_platform.kernel.db.errors import unforeseen
from wattos_platform.kernel.telemetry import Log

DAY_S = 86_400.0
INTERVAL_S = 3600.0
# One batch takes some ten milliseconds of the only writer; the pause is for those who wait for it.
BATCH_ROWS = 1000
PAUSE_S = 0.1


class Kept(NamedTuple):
    """Records of one kind, kept for `kept_s` seconds.

    `purge(before, most)` deletes up to `most` of those older than the instant `before` (epoch seconds) and
    returns how many went: fewer than `most` means that none is left.
    """

    records: str
    kept_s: float
    purge: Callable[[float, int], Awaitable[int]]


class Retention:
    """Purges once at start and then every hour; what fails is logged and tried again an hour later.

    Several replicas may do it to the same rows. `clock` is wall time in seconds.
    """

    def __init__(
        self,
        kinds: Sequence[Kept],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        log: Log,
    ) -> None:
        self._kinds = kinds
        self._clock = clock
        self._sleep = sleep
        self._log = log

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run in the background for as long as the block lasts."""
        async with in_background(self._run, "retention", self._log, sleep=self._sleep):
            yield

    async def purge(self) -> int:
        """Delete what is too old now and return how many rows went; a kind that fails stops no other."""
        return sum([await self._purged(kind) for kind in self._kinds])

    async def _run(self) -> None:
        while True:
            await self.purge()
            await self._sleep(INTERVAL_S)

    async def _purged(self, kind: Kept) -> int:
        before = self._clock() - kind.kept_s
        gone, failure = 0, None
        try:
            while (rows := await kind.purge(before, BATCH_ROWS)) >= BATCH_ROWS:
                gone += rows
                await self._sleep(PAUSE_S)
            gone += rows
        except Exception as error:  # noqa: BLE001 - background work must outlive a database that is down
            failure = error
        if gone:
            told = f"{gone} old rows were deleted: {kind.records}."
            self._log.info("records.purged", message=told, records=kind.records, rows=gone)
        if failure is not None:
            told = f"Old rows could not be deleted: {kind.records}."
            self._log.warning(
                "purge.failed",
                message=told,
                records=kind.records,
                error=str(failure),
                exc_info=unforeseen(failure),
            )
        return gone


def delete_before(instant: Column[Any], before: float, most: int) -> Delete:
    """Return the DELETE of up to `most` rows whose `instant` lies before `before`, the oldest first.

    `instant` needs an index: without one each batch would read the whole table.
    """
    (key,) = instant.table.primary_key.columns
    oldest = select(key).where(instant < before).order_by(instant).limit(most)
    return delete(instant.table).where(key.in_(oldest))

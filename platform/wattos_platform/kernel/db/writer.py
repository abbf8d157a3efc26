"""The one writer of a process: many units of work in one transaction, each acknowledged after the commit."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from wattos_platform.kernel.background import Sleep, restarting
from wattos_platform.kernel.db.errors import DatabaseUnavailableError, Fault, translate
from wattos_platform.kernel.db.settings import DatabaseSettings
from wattos_platform.kernel.telemetry import Log, Meter

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]


class _Unit(Generic[T]):
    """One unit of work since the instant `since`; `done` is None for work that nobody waits for."""

    __slots__ = ("done", "error", "result", "since", "work")

    def __init__(self, work: Work[T], done: asyncio.Future[T] | None, since: float) -> None:
        self.work = work
        self.done = done
        self.since = since
        self.result: T | None = None
        self.error: BaseException | None = None

    @property
    def abandoned(self) -> bool:
        return self.done is not None and self.done.cancelled()


class BatchingWriter:
    """Runs units of work one after the other, commits them together, then tells each caller its result.

    An exception in one unit rolls back that unit only (savepoint). A unit runs in the writer's task: it must
    take what it needs of the request (identity, request id) before it is submitted. Who submits has passed
    the circuit breakers; late work passes them here, through `passage`, and is held back while they refuse.
    Late work whose batch failed for no fault of its own is run again in a later one.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        settings: DatabaseSettings,
        passage: Callable[[], AbstractContextManager[None]],
        meter: Meter,
        log: Log,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._passage = passage
        self._meter = meter
        self._log = log
        self._monotonic = monotonic
        self._sleep = sleep
        self._queue_length = meter.gauge("db_write_queue_length")
        self._queue_age = meter.gauge("db_write_queue_age_seconds")
        self._waiting: deque[_Unit[Any]] = deque()
        self._held: deque[_Unit[Any]] = deque()
        self._urgent = asyncio.Event()
        self._some = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the writer's task in the running loop."""
        name = "database-writer"
        self._task = asyncio.create_task(
            restarting(self._serve, name, self._log, sleep=self._sleep), name=name
        )

    async def submit(self, work: Work[T]) -> T:
        """Run `work` in the next batch and return its result after the commit.

        Raises what `work` raised; DatabaseUnavailableError when the queue is full or the batch failed.
        A caller cancelled before its work has begun takes it out; later the work is committed all the same.
        """
        if asyncio.current_task() is self._task:
            raise RuntimeError("work must use its connection, not write() again: it would wait for itself")
        if self._closing or len(self._waiting) >= self._settings.queue_size:
            raise DatabaseUnavailableError(
                "has too many writes waiting" if not self._closing else "is closing", fault=Fault.SHED
            )
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Unit(work, done, self._monotonic()))
        self._some.set()
        self._urgent.set()
        return await done

    def enqueue(self, work: Work[Any]) -> bool:
        """Run `work` soon, at most `lag_s` and one batch later; False if the full queue drops it."""
        if self._closing or len(self._waiting) + len(self._held) >= self._settings.queue_size:
            self._meter.counter("db_rows_dropped_total").inc()
            self._log.error("row.dropped", message="queue of late writes is full", size=len(self._waiting))
            return False
        self._waiting.append(_Unit(work, None, self._monotonic()))
        self._some.set()
        return True

    def publish(self) -> None:
        """Show how much work waits and since when; the metrics endpoint calls it before each exposition."""
        self._queue_length.set(len(self._waiting) + len(self._held))
        oldest = [queue[0].since for queue in (self._waiting, self._held) if queue]
        self._queue_age.set(self._monotonic() - min(oldest) if oldest else 0.0)

    async def close(self) -> None:
        """Write what waits, then stop; what is left after `close_timeout_s` is refused."""
        self._closing = True
        self._some.set()
        self._urgent.set()
        if self._task is None:
            return
        _, late = await asyncio.wait({self._task}, timeout=self._settings.close_timeout_s)
        if late:
            self._task.cancel()
            await asyncio.wait({self._task})
        for units in (self._waiting, self._held):
            self._refuse(units)

    async def _serve(self) -> None:
        while self._waiting or self._held or not self._closing:
            if not self._waiting or self._closing:
                self._waiting.extend(self._held)
                self._held.clear()
            if not self._waiting:
                self._some.clear()
                await self._some.wait()
                continue
            # Rows that may lag share a commit.
            await self._pause(self._settings.lag_s)
            batch = [
                self._waiting.popleft() for _ in range(min(len(self._waiting), self._settings.max_batch))
            ]
            batch = [unit for unit in batch if not unit.abandoned]
            try:
                if batch and (self._closing or any(unit.done is not None for unit in batch)):
                    await self._commit(batch)
                elif batch:
                    await self._commit_late(batch)
            except Exception as error:
                # Breaks the writer off for a moment: who waits for this batch would wait for ever.
                self._fail(batch, error)
                raise

    async def _pause(self, seconds: float) -> None:
        """Wait up to `seconds` while nobody waits for an answer."""
        if self._closing or any(unit.done is not None for unit in self._waiting):
            return
        self._urgent.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._urgent.wait()

    async def _commit_late(self, batch: list[_Unit[Any]]) -> None:
        """Commit work that nobody waits for; it is held back while a breaker refuses, and others go first."""
        outage: BaseException | None = None
        try:
            with self._passage():
                outage = await self._commit(batch)
                if isinstance(outage, DatabaseUnavailableError):
                    raise outage
        except DatabaseUnavailableError as refusal:
            if outage is None:
                self._held.extend(batch)
                await self._pause(refusal.retry_after_s)

    async def _commit(self, batch: list[_Unit[Any]]) -> BaseException | None:
        """Run and commit a batch and tell every unit how it went; return what made the whole batch fail.

        Whoever waits behind a batch that nothing of its own made fail shares its fate: the database was out
        of order all the while, and a second wait would be twice the time-out.
        """
        try:
            async with self._engine.connect() as connection:
                await self._run_batch(connection, batch)
        except asyncio.CancelledError:
            self._fail(batch, DatabaseUnavailableError("is closing", fault=Fault.SHED))
            raise
        except Exception as error:  # noqa: BLE001 - every unit's caller is told, the writer lives on
            outage = translate(error) or error
            if isinstance(outage, DatabaseUnavailableError) and all(unit.error is None for unit in batch):
                batch.extend(self._those_who_wait())
            self._fail(batch, outage)
            return outage
        for unit in batch:
            self._acknowledge(unit)
        return None

    def _those_who_wait(self) -> list[_Unit[Any]]:
        """Take out and return the units that somebody waits for; late rows stay."""
        found = [unit for unit in self._waiting if unit.done is not None]
        self._waiting = deque(unit for unit in self._waiting if unit.done is None)
        return found

    async def _run_batch(self, connection: AsyncConnection, batch: list[_Unit[Any]]) -> None:
        async with connection.begin() as transaction:
            if len(batch) == 1:
                # Alone, a unit needs no savepoint: the transaction is its own.
                if not await self._run(connection, batch[0]):
                    await transaction.rollback()
                return
            for unit in batch:
                savepoint = await connection.begin_nested()
                if await self._run(connection, unit):
                    await savepoint.commit()
                else:
                    await savepoint.rollback()

    async def _run(self, connection: AsyncConnection, unit: _Unit[Any]) -> bool:
        """Run one unit; True if it succeeded. Raises only what makes the whole transaction useless."""
        try:
            async with asyncio.timeout(self._settings.work_timeout_s):
                unit.result = await unit.work(connection)
        except Exception as error:
            unit.error = error
            if connection.invalidated or isinstance(error, TimeoutError):
                raise DatabaseUnavailableError("gave up on a unit of work that took too long") from error
            return False
        return True

    def _acknowledge(self, unit: _Unit[Any]) -> None:
        if unit.done is None:
            if unit.error is not None:
                self._lost(unit.error)
        elif not unit.done.done():
            if unit.error is not None:
                unit.done.set_exception(translate(unit.error) or unit.error)
            else:
                unit.done.set_result(unit.result)

    def _fail(self, batch: list[_Unit[Any]], error: BaseException) -> None:
        again = isinstance(error, DatabaseUnavailableError) and not self._closing
        for unit in batch:
            if again and unit.done is None and unit.error is None:
                self._held.append(unit)
                continue
            if unit.error is None or isinstance(unit.error, TimeoutError):
                unit.error = error
            self._acknowledge(unit)

    def _refuse(self, units: deque[_Unit[Any]]) -> None:
        self._fail(list(units), DatabaseUnavailableError("is closing", fault=Fault.SHED))
        units.clear()

    def _lost(self, error: BaseException) -> None:
        self._meter.counter("db_rows_dropped_total").inc()
        self._log.error("row.dropped", message="a late write was not stored", error=str(error))

"""Bounded background loops: one reads and purges documents, one embeds; neither runs two jobs at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from wattos_platform.kernel.background import Sleep, in_background
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.rag.domain.records import Job
from wattos_platform.services.rag.ingestion import Ingestion
from wattos_platform.services.rag.ports import JobQueue, LeaseLostError

# Another replica's upload is found by looking; one's own by being told.
POLL_S = 2.0
_OUTAGE_S = 1.0
READING = ("ingest", "purge", "purge_space")
EMBEDDING = ("embed",)


class Worker:
    """Runs jobs of `kinds` one after the other while `may_run` says yes."""

    def __init__(
        self,
        kinds: Sequence[str],
        queue: JobQueue,
        ingestion: Ingestion,
        log: Log,
        *,
        may_run: Callable[[], bool] = lambda: True,
        done: Callable[[Job], None] = lambda _job: None,
        poll_s: float = POLL_S,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._kinds = kinds
        self._queue = queue
        self._ingestion = ingestion
        self._log = log
        self._may_run = may_run
        self._done = done
        self._poll_s = poll_s
        self._sleep = sleep
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Look for work at once."""
        self._work.set()

    async def step(self) -> bool:
        """Run one job if there is one and return whether there was; what the job raises ends here."""
        if not self._may_run():
            return False
        job = await self._queue.claim(self._kinds)
        if job is None:
            return False
        try:
            await self._ingestion.run(job)
        except asyncio.CancelledError:
            # The service drains: the next process goes on from here without waiting for the lease.
            with suppress(DatabaseUnavailableError):
                await asyncio.shield(self._queue.release(job, delay_s=0, forgive=True))
            raise
        except LeaseLostError:
            self._log.info("job.left", message="It is another's now, or its document is gone.", job=job.key)
        except DatabaseUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in one job must not end the queue; it is logged
            await self._ingestion.fail(job, error)
        self._done(job)
        return True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background for as long as the block lasts."""
        async with in_background(self._loop, f"rag-worker:{self._kinds[0]}", self._log, sleep=self._sleep):
            yield

    async def _loop(self) -> None:
        while True:
            self._work.clear()
            try:
                if await self.step():
                    continue
                wait_s = self._poll_s
            except DatabaseUnavailableError as error:
                self._log.warning("worker.waited", message=f"No work without the database: {error.message}")
                wait_s = _OUTAGE_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._work.wait()

"""Works on runs: takes them, keeps their leases, ends them when asked, gives them back at a shutdown."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.background import in_background
from wattos_platform.kernel.context import background
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.agent.engine import Engine
from wattos_platform.services.agent.ports import Claim, LeaseLostError, WorkStore

MAX_PARALLEL = 4
"""Runs that one process works on at once."""

POLL_S = 1.0
RENEW_S = 2.0
_ACTING_AS = "agent"


class Worker:
    """Works on up to `max_parallel` runs; `wake` it after a new one, or the poll finds that."""

    def __init__(
        self,
        engine: Engine,
        work: WorkStore,
        log: Log,
        *,
        max_parallel: int = MAX_PARALLEL,
        poll_s: float = POLL_S,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._work = work
        self._log = log
        self._poll_s = poll_s
        self._sleep = sleep
        self._slots = asyncio.Semaphore(max_parallel)
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        self._stopping = False

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    @property
    def load(self) -> int:
        """Return how many runs this process works on."""
        return len(self._running)

    def cancel(self, run_id: str) -> None:
        """End a run at once if this process works on it; another one sees the wish when it renews."""
        task = self._running.get(run_id)
        if task is not None:
            self._cancelled.add(run_id)
            task.cancel()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the block ends; then give unfinished runs back, to go on where they are."""
        try:
            async with in_background(self._loop, "agent-worker", self._log, sleep=self._sleep):
                yield
        finally:
            self._stopping = True
            runs = list(self._running.values())
            for run in runs:
                run.cancel()
            if runs:
                await asyncio.wait(runs)

    async def _loop(self) -> None:
        while True:
            await self._slots.acquire()
            claim = None
            try:
                claim = await self._next()
            finally:
                if claim is None:
                    self._slots.release()
            if claim is not None:
                self._start(claim)

    async def _next(self) -> Claim | None:
        """Return a claimed run; None after a poll without one."""
        self._wake.clear()
        try:
            claim = await self._work.claim()
        except DatabaseUnavailableError as error:
            self._log.warning("run.claim.failed", message="No run could be taken.", reason=error.message)
            claim = None
        if claim is None:
            try:
                async with asyncio.timeout(self._poll_s):
                    await self._wake.wait()
            except TimeoutError:
                return None
        return claim

    def _start(self, claim: Claim) -> None:
        run_id = claim.run.id
        task = asyncio.create_task(self._work_on(claim), name=f"run-{run_id}")
        self._running[run_id] = task
        task.add_done_callback(lambda _task: self._ended(run_id))

    def _ended(self, run_id: str) -> None:
        self._running.pop(run_id, None)
        self._cancelled.discard(run_id)
        self._slots.release()

    async def _work_on(self, claim: Claim) -> None:
        owner = claim.run.owner
        identity = Identity(owner.tenant, owner.user, act=_ACTING_AS)
        try:
            with background(identity, claim.run.request_id):
                await self._watched(claim)
        except LeaseLostError:
            self._log.warning(
                "run.lease.lost", message="Another process goes on with a run.", run_id=claim.run.id
            )
        except Exception as error:  # noqa: BLE001 - the lease ends and another process goes on
            self._log.error(
                "run.abandoned", message="A run was given up.", run_id=claim.run.id, exc_info=error
            )

    async def _watched(self, claim: Claim) -> None:
        """Execute the run while its lease is renewed; whichever ends first decides."""
        executing = asyncio.create_task(self._engine.execute(claim))
        renewing = asyncio.create_task(self._renew(claim))
        try:
            await asyncio.wait({executing, renewing}, return_when=asyncio.FIRST_COMPLETED)
            await _stop(renewing if executing.done() else executing)
            error = executing.exception() if not executing.cancelled() else None
            if executing.cancelled():
                # Ended by the renewal: it was cancelled elsewhere, or the lease is lost and this raises.
                renewing.result()
                await self._engine.cancelled(claim)
            elif isinstance(error, LeaseLostError):
                raise error
            elif error is not None:
                await self._engine.failed(claim, error)
        except asyncio.CancelledError:
            await _stop(executing)
            await _stop(renewing)
            await self._interrupted(claim)

    async def _interrupted(self, claim: Claim) -> None:
        if claim.run.id in self._cancelled:
            await self._engine.cancelled(claim)
        elif self._stopping:
            await self._work.release(claim)

    async def _renew(self, claim: Claim) -> None:
        """Renew until somebody wants the run to end. LeaseLostError."""
        wanted = False
        while not wanted:
            await self._sleep(RENEW_S)
            wanted = await self._work.renew(claim)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})

"""The queue of background work: rows with a lease, so that no job runs twice and none is lost.

Whoever dies holding a lease loses it when it expires; a restarted replica takes its own back at once. Every
commit of a job's step asks first whether the lease still stands (`hold`), so a late process is harmless.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.services.rag.adapters.tables import jobs
from wattos_platform.services.rag.domain.records import Caller, Job
from wattos_platform.services.rag.ports import LeaseLostError

LEASE_S = 120.0


async def add_job(connection: AsyncConnection, kind: str, subject: str, caller: Caller, now: float) -> None:
    """Queue work for `subject` within the caller's transaction."""
    values = {
        "kind": kind,
        "subject": subject,
        "tenant": caller.tenant,
        "user": caller.user,
        "request_id": caller.request_id,
        "not_before": now,
        "created_at": now,
    }
    await connection.execute(insert(jobs).values(values))


class SqlJobs:
    """Implements JobQueue; `slot` is stable over restarts, `owner` belongs to this process."""

    def __init__(self, database: Database, slot: str, owner: str, clock: Callable[[], float]) -> None:
        self._database = database
        self._slot = slot
        self._owner = f"{slot}/{owner}"
        self._clock = clock

    async def take_back(self) -> int:
        """End the leases of the process that had this slot before, and return how many they were."""

        async def work(connection: AsyncConnection) -> int:
            mine = func.substr(jobs.c.lease_owner, 1, len(self._slot) + 1) == f"{self._slot}/"
            ended = await connection.execute(
                update(jobs)
                .where(mine, jobs.c.lease_owner != self._owner)
                .values(lease_until=0, lease_owner=None)
            )
            return ended.rowcount

        return await self._database.write(work)

    async def claim(self, kinds: Sequence[str]) -> Job | None:
        """Return the oldest job of `kinds` that is due and free, leased to this process, or None."""
        now = self._clock()
        free = jobs.c.kind.in_(kinds) & (jobs.c.not_before <= now) & (jobs.c.lease_until <= now)
        oldest = select(jobs.c.key).where(free).order_by(jobs.c.key).limit(1)
        async with self._database.read() as connection:  # most looks find nothing: they cost no write
            if (await connection.execute(oldest)).first() is None:
                return None

        async def work(connection: AsyncConnection) -> Job | None:
            claimed = await connection.execute(
                update(jobs)
                .where(jobs.c.key == oldest.scalar_subquery())
                .values(lease_owner=self._owner, lease_until=now + LEASE_S, attempts=jobs.c.attempts + 1)
                .returning(*(jobs.c[name] for name in Job.__slots__))
            )
            row = claimed.first()
            return None if row is None else Job(*row)

        return await self._database.write(work)

    async def hold(self, connection: AsyncConnection, job: Job) -> None:
        """Renew the lease within a step's transaction; LeaseLostError rolls the step back if it is gone."""
        renewed = await connection.execute(
            update(jobs)
            .where(jobs.c.key == job.key, jobs.c.lease_owner == self._owner)
            .values(lease_until=self._clock() + LEASE_S)
        )
        if renewed.rowcount != 1:
            raise LeaseLostError

    async def finish(self, connection: AsyncConnection, job: Job) -> None:
        """Remove a job within the transaction of its last step; LeaseLostError as in `hold`."""
        await self.hold(connection, job)
        await connection.execute(jobs.delete().where(jobs.c.key == job.key))

    async def progressed(self, connection: AsyncConnection, job: Job) -> None:
        """Renew the lease and forget failed attempts: a step was done."""
        await self.hold(connection, job)
        await connection.execute(update(jobs).where(jobs.c.key == job.key).values(attempts=1))

    async def release(self, job: Job, *, delay_s: float, forgive: bool = False) -> None:
        """Give a job back for a later attempt; `forgive` does not count this one."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(
                update(jobs)
                .where(jobs.c.key == job.key, jobs.c.lease_owner == self._owner)
                .values(
                    lease_owner=None,
                    lease_until=0,
                    not_before=self._clock() + delay_s,
                    attempts=max(job.attempts - 1, 0) if forgive else job.attempts,
                )
            )

        await self._database.write(work)

    async def backlog(self) -> tuple[int, float]:
        """Return how many jobs there are, running ones included, and the age of the oldest in seconds."""
        wanted = select(func.count(), func.min(jobs.c.created_at)).select_from(jobs)
        async with self._database.read() as connection:
            count, oldest = (await connection.execute(wanted)).one()
        return count, 0.0 if oldest is None else max(0.0, self._clock() - oldest)

    async def waiting(self) -> int:
        """Return how many jobs there are, running ones included."""
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(jobs))).scalar_one()

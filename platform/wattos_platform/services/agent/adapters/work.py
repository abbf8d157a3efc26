"""Runs as work in the database: leases with fencing, so that no step is ever written by two processes."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.process_identity import is_gone
from wattos_platform.services.agent.adapters.rows import outcome_values, run_of, spent_values, step_of
from wattos_platform.services.agent.adapters.tables import runs, steps
from wattos_platform.services.agent.domain.records import (
    RunOutcome,
    RunStatus,
    Spent,
    StepKind,
    StepResult,
    StepStatus,
)
from wattos_platform.services.agent.ports import Claim, LeaseLostError

LEASE_S = 15.0
"""How long a process may be silent about a run before another one takes it, in seconds."""

_PENDING = str(RunStatus.PENDING)
_RUNNING = str(RunStatus.RUNNING)


class SqlWork:
    """Implements WorkStore. `worker` is this process as `process_identity` names it."""

    def __init__(
        self, database: Database, *, worker: str, clock: Callable[[], float], lease_s: float = LEASE_S
    ) -> None:
        self._database = database
        self._worker = worker
        self._clock = clock
        self._lease_s = lease_s

    async def claim(self) -> Claim | None:
        """Take the oldest run that waits or whose process died; None when there is none."""
        await self._free_orphans()
        now = self._clock()
        free = _free(now)
        async with self._database.read() as connection:
            if (await connection.execute(select(runs.c.id).where(free).limit(1))).first() is None:
                return None

        async def work(connection: AsyncConnection) -> Claim | None:
            oldest = select(runs).where(free).order_by(runs.c.created_at, runs.c.id).limit(1)
            row = (await connection.execute(oldest)).mappings().first()
            if row is None:
                return None
            epoch = row["epoch"] + 1
            taken = await connection.execute(
                update(runs)
                .where(runs.c.id == row["id"], runs.c.epoch == row["epoch"], free)
                .values(
                    status=_RUNNING,
                    worker=self._worker,
                    lease_until=now + self._lease_s,
                    epoch=epoch,
                    started_at=row["started_at"] or now,
                )
            )
            return Claim(run_of(row), epoch) if taken.rowcount else None

        return await self._database.write(work)

    async def _free_orphans(self) -> None:
        """End the leases of processes of this host that are gone, without waiting for their time."""
        held = select(runs.c.id, runs.c.worker, runs.c.epoch).where(
            runs.c.status == _RUNNING, runs.c.lease_until >= self._clock(), runs.c.worker != self._worker
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(held)).mappings().all()
        orphans = [
            and_(runs.c.id == row["id"], runs.c.epoch == row["epoch"])
            for row in rows
            if is_gone(row["worker"])
        ]
        if not orphans:
            return

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(runs).where(or_(*orphans)).values(lease_until=0.0))

        await self._database.write(work)

    async def renew(self, claim: Claim) -> bool:
        """Prolong the lease; return whether somebody wants the run to end. LeaseLostError."""

        async def work(connection: AsyncConnection) -> bool:
            await self._change(connection, claim, lease_until=self._clock() + self._lease_s)
            wanted = select(runs.c.cancel_requested).where(runs.c.id == claim.run.id)
            return bool((await connection.execute(wanted)).scalar())

        return await self._database.write(work)

    async def begin_step(
        self, claim: Claim, number: int, kind: StepKind, name: str, given: Mapping[str, Any]
    ) -> None:
        """Store that a step has begun, or has begun again after a crash. LeaseLostError."""
        now = self._clock()
        this = and_(steps.c.run_id == claim.run.id, steps.c.number == number)

        async def work(connection: AsyncConnection) -> None:
            await self._change(connection, claim, lease_until=now + self._lease_s)
            values = {"kind": str(kind), "name": name, "input": dict(given), "started_at": now}
            again = await connection.execute(
                update(steps).where(this).values(**values, attempts=steps.c.attempts + 1)
            )
            if again.rowcount == 0:
                await connection.execute(
                    insert(steps).values(
                        run_id=claim.run.id,
                        number=number,
                        status=str(StepStatus.RUNNING),
                        attempts=1,
                        **values,
                        **spent_values(Spent()),
                    )
                )

        await self._database.write(work)

    async def end_step(self, claim: Claim, number: int, result: StepResult) -> None:
        """Store how a step ended and add what it cost to the run. LeaseLostError."""
        failure = result.failure
        ended = {
            "status": str(StepStatus.FAILED if failure else StepStatus.COMPLETED),
            "output": dict(result.output),
            "error_code": failure.code if failure else None,
            "error_message": failure.message if failure else None,
            "finished_at": self._clock(),
            **spent_values(result.spent),
        }
        this = and_(steps.c.run_id == claim.run.id, steps.c.number == number)

        async def work(connection: AsyncConnection) -> None:
            await self._change(connection, claim, lease_until=self._clock() + self._lease_s)
            await connection.execute(update(steps).where(this).values(ended))
            rows = await connection.execute(select(steps).where(steps.c.run_id == claim.run.id))
            results = [step_of(row).result for row in rows.mappings()]
            total = sum((each.spent for each in results if each is not None), Spent())
            await connection.execute(
                update(runs).where(runs.c.id == claim.run.id).values(spent_values(total))
            )

        await self._database.write(work)

    async def end_run(self, claim: Claim, outcome: RunOutcome) -> None:
        """Store how the run ended. LeaseLostError."""
        values = {
            **outcome_values(outcome),
            "finished_at": self._clock(),
            "worker": None,
            "lease_until": None,
        }
        await self._write(claim, values)

    async def release(self, claim: Claim) -> None:
        """Give the run back unfinished, so that the next process goes on with it at once. LeaseLostError."""
        await self._write(claim, {"worker": None, "lease_until": 0.0})

    async def _write(self, claim: Claim, values: Mapping[str, Any]) -> None:
        async def work(connection: AsyncConnection) -> None:
            await self._change(connection, claim, **values)

        await self._database.write(work)

    async def _change(self, connection: AsyncConnection, claim: Claim, **values: Any) -> None:
        mine = and_(runs.c.id == claim.run.id, runs.c.epoch == claim.epoch, runs.c.status == _RUNNING)
        changed = await connection.execute(update(runs).where(mine).values(**values))
        if changed.rowcount == 0:
            raise LeaseLostError(claim.run.id)


def _free(now: float) -> ColumnElement[bool]:
    return or_(runs.c.status == _PENDING, and_(runs.c.status == _RUNNING, runs.c.lease_until < now))

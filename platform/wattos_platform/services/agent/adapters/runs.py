"""Runs in the database, as their owners see them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.idempotency import KeyReusedError, RequestKey
from wattos_platform.services.agent.adapters.rows import outcome_values, run_of, spent_values, step_of
from wattos_platform.services.agent.adapters.tables import runs, steps
from wattos_platform.services.agent.domain.figures import Totals
from wattos_platform.services.agent.domain.records import Owner, Run, RunStatus, Step
from wattos_platform.services.agent.ports import TooManyRunsError

MAX_UNFINISHED = 100
"""Runs that a tenant may have waiting and running at once."""

_UNFINISHED = tuple(str(status) for status in RunStatus if not status.is_final)


class SqlRuns:
    """Implements RunStore; every statement bears the owner or the tenant."""

    def __init__(
        self, database: Database, clock: Callable[[], float], *, max_unfinished: int = MAX_UNFINISHED
    ) -> None:
        self._database = database
        self._clock = clock
        self._max_unfinished = max_unfinished

    async def create(self, run: Run, key: RequestKey | None) -> Run:
        """Store `run`, or return the one `key` made before; TooManyRunsError, KeyReusedError."""

        async def work(connection: AsyncConnection) -> Run:
            if key is not None:
                earlier = await _made_by(connection, run.owner, key)
                if earlier is not None:
                    return earlier
            await self._check_room(connection, run.owner.tenant)
            await connection.execute(insert(runs).values(_new_values(run, key)))
            return run

        return await self._database.write(work)

    async def _check_room(self, connection: AsyncConnection, tenant: str) -> None:
        unfinished = select(func.count()).where(runs.c.tenant == tenant, runs.c.status.in_(_UNFINISHED))
        if ((await connection.execute(unfinished)).scalar() or 0) >= self._max_unfinished:
            raise TooManyRunsError(tenant)

    async def get(self, owner: Owner, run_id: str) -> Run | None:
        """Return a run, None if the owner has no such."""
        async with self._database.read() as connection:
            return await _get(connection, owner, run_id)

    async def page(self, owner: Owner, after: tuple[float, str] | None, limit: int) -> list[Run]:
        """Return up to `limit` runs, newest first, behind `after` (created_at, id)."""
        query = select(runs).where(runs.c.tenant == owner.tenant, runs.c.user_id == owner.user)
        if after is not None:
            created_at, last = after
            query = query.where(
                or_(runs.c.created_at < created_at, and_(runs.c.created_at == created_at, runs.c.id < last))
            )
        query = query.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [run_of(row) for row in (await connection.execute(query)).mappings()]

    async def steps(self, run_id: str) -> list[Step]:
        """Return the steps of a run in order; the caller has checked that the run is the owner's."""
        query = select(steps).where(steps.c.run_id == run_id).order_by(steps.c.number)
        async with self._database.read() as connection:
            return [step_of(row) for row in (await connection.execute(query)).mappings()]

    async def cancel(self, owner: Owner, run_id: str) -> Run | None:
        """Cancel a run that waits, ask for the end of one that runs, leave an ended one; return how it is."""
        waiting = (str(RunStatus.PENDING), str(RunStatus.WAITING_APPROVAL))
        ended = {"status": str(RunStatus.CANCELLED), "finished_at": self._clock(), "worker": None}

        async def work(connection: AsyncConnection) -> Run | None:
            mine = _of(owner, run_id)
            await connection.execute(
                update(runs).where(mine, runs.c.status.in_(waiting)).values(**ended, lease_until=None)
            )
            await connection.execute(
                update(runs).where(mine, runs.c.status == str(RunStatus.RUNNING)).values(cancel_requested=1)
            )
            return await _get(connection, owner, run_id)

        return await self._database.write(work)

    async def delete(self, owner: Owner, run_id: str) -> Run | None:
        """Delete a run that has ended with its steps, leave any other; return how it was."""

        async def work(connection: AsyncConnection) -> Run | None:
            run = await _get(connection, owner, run_id)
            if run is not None and run.status.is_final:
                await connection.execute(delete(runs).where(_of(owner, run_id)))
            return run

        return await self._database.write(work)

    async def unfinished(self) -> int:
        """Return how many runs of all tenants have not ended."""
        query = select(func.count()).where(runs.c.status.in_(_UNFINISHED))
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar() or 0

    async def totals(self, tenant: str, role: str, start: float | None, end: float | None) -> Totals:
        """Return the sums over a tenant's runs of `role` that were created from `start` to before `end`."""
        chosen = [runs.c.tenant == tenant, runs.c.role == role]
        if start is not None:
            chosen.append(runs.c.created_at >= start)
        if end is not None:
            chosen.append(runs.c.created_at < end)
        ended = [*chosen, runs.c.status.in_((str(RunStatus.COMPLETED), str(RunStatus.FAILED)))]
        counts = select(runs.c.status, func.count()).where(*chosen).group_by(runs.c.status)
        times = select(func.sum(runs.c.finished_at - runs.c.started_at)).where(*ended)
        costs = select(runs.c.cost_usd, func.count()).where(*ended).group_by(runs.c.cost_usd)
        taken = select(func.count()).select_from(steps.join(runs)).where(*ended)
        async with self._database.read() as connection:
            return Totals(
                counts={RunStatus(row[0]): row[1] for row in await connection.execute(counts)},
                duration_s=float((await connection.execute(times)).scalar() or 0.0),
                # Decimal text is summed here, because the database would add it as floating point.
                cost_usd=sum(
                    (Decimal(row[0]) * row[1] for row in await connection.execute(costs)), Decimal(0)
                ),
                steps=(await connection.execute(taken)).scalar() or 0,
            )


def _new_values(run: Run, key: RequestKey | None) -> dict[str, Any]:
    return {
        "id": run.id,
        "tenant": run.owner.tenant,
        "user_id": run.owner.user,
        "role": run.role,
        "input": run.input,
        "knowledge_space_id": run.knowledge_space_id,
        "request_id": run.request_id,
        "request_key": key.key if key else None,
        "fingerprint": key.fingerprint if key else None,
        "created_at": run.created_at,
        "cancel_requested": 0,
        "epoch": 0,
        **outcome_values(run.outcome),
        **spent_values(run.spent),
    }


async def _made_by(connection: AsyncConnection, owner: Owner, key: RequestKey) -> Run | None:
    query = select(runs).where(
        runs.c.tenant == owner.tenant, runs.c.user_id == owner.user, runs.c.request_key == key.key
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    if row["fingerprint"] != key.fingerprint:
        raise KeyReusedError(key.key)
    return run_of(row)


async def _get(connection: AsyncConnection, owner: Owner, run_id: str) -> Run | None:
    row = (await connection.execute(select(runs).where(_of(owner, run_id)))).mappings().first()
    return None if row is None else run_of(row)


def _of(owner: Owner, run_id: str) -> ColumnElement[bool]:
    return and_(runs.c.id == run_id, runs.c.tenant == owner.tenant, runs.c.user_id == owner.user)

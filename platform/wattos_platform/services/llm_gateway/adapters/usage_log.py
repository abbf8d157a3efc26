"""Usage rows in the model gateway's database."""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.retention import delete_before
from wattos_platform.kernel.telemetry import Meter, NullMeter
from wattos_platform.services.llm_gateway.adapters.tables import llm_calls
from wattos_platform.services.llm_gateway.ports import CallRecord

MOST_WAITING = 20_000
_ROWS_AT_ONCE = 100
# What a row may hold of what a provider says: no sum of rows leaves 64 bits.
_MOST_TOKENS = 2**40
_MOST_PICO_USD = 2**63 - 1


class DatabaseUsageLog:
    """Implements the port UsageLog; rows are committed at most 100 ms late, all that wait in one statement.

    Rows beyond 20 000 that wait, and rows of a statement that fails, are dropped and counted.
    """

    def __init__(self, database: Database, meter: Meter | None = None) -> None:
        self._database = database
        self._dropped = (meter or NullMeter()).counter("db_rows_dropped_total")
        self._waiting: list[CallRecord] = []

    def record(self, call: CallRecord) -> None:
        """Store `call` soon."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped.inc()
            return
        self._waiting.append(call)
        if len(self._waiting) == 1 and not self._database.enqueue(self._unit()):
            self._waiting.clear()

    async def purge(self, before: float, most: int) -> int:
        """Delete up to `most` rows of calls before this instant and return how many went."""
        old = delete_before(llm_calls.c.at, before, most)

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(old)).rowcount

        return await self._database.write(work)

    def _unit(self) -> Callable[[AsyncConnection], Awaitable[None]]:
        """Return work that stores all that waits when it runs; run again, the same and what came since."""
        calls: list[CallRecord] = []

        async def store(connection: AsyncConnection) -> None:
            calls.extend(self._waiting)
            self._waiting = []
            try:
                await insert_calls(connection, calls)
            except BaseException:
                # The writer counts the one unit of work that failed.
                self._dropped.inc(len(calls) - 1)
                raise

        return store


async def insert_calls(connection: AsyncConnection, calls: Sequence[CallRecord]) -> None:
    """Insert the rows of `calls`, a hundred in one statement: each hands the interpreter over and back."""
    rows = [row_of(call) for call in calls]
    whole = len(rows) - len(rows) % _ROWS_AT_ONCE
    for start in range(0, whole, _ROWS_AT_ONCE):
        values = tuple(chain.from_iterable(rows[start : start + _ROWS_AT_ONCE]))
        await connection.exec_driver_sql(_statement(connection.dialect, _ROWS_AT_ONCE), values)
    if whole < len(rows):
        await connection.exec_driver_sql(_statement(connection.dialect, 1), list(rows[whole:]))


@lru_cache(maxsize=4)
def _statement(dialect: Dialect, rows: int) -> str:
    """Return the INSERT of so many rows in the dialect's words, values in the order of the columns."""
    names = llm_calls.columns.keys()
    return str(insert(llm_calls).values([dict.fromkeys(names, 0)] * rows).compile(dialect=dialect))


def row_of(call: CallRecord) -> tuple[Any, ...]:
    """Return `call` as the values of its row, in the order of the table's columns.

    A provider's nonsense is cut to what a column holds: tokens to 2^40; a cost beyond nine million dollars,
    which no call can have, is unknown.
    """
    usage, cost = call.usage, call.cost_pico_usd
    tokens: tuple[int, ...] = (
        usage.prompt,
        usage.completion,
        usage.cached,
        usage.reasoning,
        usage.cache_write,
        usage.cache_write_1h,
    )
    if max(tokens) > _MOST_TOKENS:
        tokens = tuple([min(count, _MOST_TOKENS) for count in tokens])
    return (
        call.id,
        call.at,
        call.tenant,
        call.user,
        call.request_id,
        call.operation,
        call.requested_model,
        call.provider,
        call.model,
        *tokens[:4],
        usage.estimated,
        None if cost is None or cost > _MOST_PICO_USD else cost,
        call.latency_ms,
        call.first_token_ms,
        call.outcome,
        call.error_type,
        call.stream,
        *tokens[4:],
    )

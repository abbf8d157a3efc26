"""The journal of streams under way in the model gateway's database: per replica, replaced as a whole."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.llm_gateway.adapters.tables import llm_calls, llm_streams
from wattos_platform.services.llm_gateway.adapters.usage_log import insert_calls
from wattos_platform.services.llm_gateway.ports import CallRecord

_IDS_AT_ONCE = 500
_decode = msgspec.json.Decoder(CallRecord).decode


class DatabaseStreamJournal:
    """Implements the port StreamJournal. What was under way in replica N is made rows by its successor."""

    def __init__(self, database: Database, replica: int, log: Log) -> None:
        self._database = database
        self._replica = replica
        self._log = log

    async def replace(self, calls: Sequence[CallRecord]) -> None:
        """Keep exactly `calls`; DatabaseUnavailableError when they cannot be written."""
        rows = [
            {"id": call.id, "replica": self._replica, "call": msgspec.json.encode(call).decode()}
            for call in calls
        ]

        async def work(connection: AsyncConnection) -> None:
            await self._forget(connection)
            if rows:
                await connection.execute(insert(llm_streams), rows)

        await self._database.write(work)

    async def recover(self) -> int:
        """Make each call a row unless it is one already, keep none, and return how many were made.

        All in one transaction. DatabaseUnavailableError when it cannot be done.
        """
        return await self._database.write(self._recover)

    async def _recover(self, connection: AsyncConnection) -> int:
        query = select(llm_streams.c.call).where(llm_streams.c.replica == self._replica)
        calls = [call for text in (await connection.scalars(query)) if (call := self._read(text)) is not None]
        known: set[str] = set()
        for start in range(0, len(calls), _IDS_AT_ONCE):
            ids = [call.id for call in calls[start : start + _IDS_AT_ONCE]]
            known.update(await connection.scalars(select(llm_calls.c.id).where(llm_calls.c.id.in_(ids))))
        lost = [call for call in calls if call.id not in known]
        await insert_calls(connection, lost)
        await self._forget(connection)
        return len(lost)

    async def _forget(self, connection: AsyncConnection) -> None:
        await connection.execute(delete(llm_streams).where(llm_streams.c.replica == self._replica))

    def _read(self, text: str) -> CallRecord | None:
        try:
            return _decode(text)
        except msgspec.DecodeError as error:
            self._log.warning(
                "stream_journal.unreadable",
                message="A stream of another version is not counted.",
                reason=str(error),
            )
            return None

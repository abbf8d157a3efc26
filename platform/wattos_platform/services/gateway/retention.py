"""Deleting what has been kept long enough: old audit rows, credentials long expired."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from wattos_platform.services.gateway.ports import AuditLog, Credentials

INTERVAL_S = 3600.0
# An expired credential is listed for a while, so that people see why it stopped working.
CREDENTIALS_KEPT_S = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Purges once at start and then every hour; a failure is logged and tried again an hour later."""

    credentials: Credentials
    audit: AuditLog
    audit_kept_s: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    log: Any

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run in the background for as long as the block lasts."""
        task = asyncio.create_task(self._run(), name="gateway-retention")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def purge(self) -> int:
        """Delete what is too old now and return how many rows went."""
        now = self.clock()
        gone = await self.credentials.purge(now - CREDENTIALS_KEPT_S)
        return gone + await self.audit.purge(now - self.audit_kept_s)

    async def _run(self) -> None:
        while True:
            try:
                if gone := await self.purge():
                    self.log.info("records.purged", message="Old rows were deleted.", rows=gone)
            except Exception as error:  # noqa: BLE001 - background work must outlive a database that is down
                self.log.warning("purge.failed", message="Old rows could not be deleted.", error=str(error))
            await self.sleep(INTERVAL_S)

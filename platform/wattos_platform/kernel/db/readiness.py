"""Whether a service may work with its database: it answers, its schema is the code's, it takes writes."""

import asyncio
from pathlib import Path

from wattos_platform.contracts.health import CheckResult
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.guard import WRITES
from wattos_platform.kernel.db.revisions import SchemaState, read_chain, read_revision
from wattos_platform.kernel.resilience.breaker_registry import BreakerRegistry
from wattos_platform.kernel.resilience.breaker_types import State


class SchemaOutdatedError(RuntimeError):
    """The schema is not the one the code wants; the message says how to bring it there."""


class DatabaseCheck:
    """The ping of a service's database. Once the schema was seen current, only the connection is checked."""

    def __init__(self, service: str, database: Database, versions: Path) -> None:
        self._service = service
        self._database = database
        self._versions = versions
        self._current = False

    async def ping(self) -> None:
        """Return when the database is usable; DatabaseUnavailableError or SchemaOutdatedError if not."""
        await self._database.ping()
        if not self._current:
            await asyncio.to_thread(self._compare)
            self._current = True

    def _compare(self) -> None:
        chain = read_chain(self._versions)
        revision = read_revision(self._database.path)
        state = chain.state(revision)
        if state is SchemaState.NEWER:
            raise SchemaOutdatedError(
                f"its schema {revision} is newer than this version; install the newer one"
            )
        if state is not SchemaState.CURRENT:
            raise SchemaOutdatedError(
                f"its schema is {revision or 'empty'}, the code wants {chain.head}; "
                f"run: python -m wattos_platform migrate {self._service}"
            )


def refused_writes(breakers: BreakerRegistry) -> dict[str, CheckResult]:
    """Return a failed check while every write is refused, nothing else.

    The ping only reads, and that goes on while another process holds the write lock: the service is ready for
    whoever reads, so it is never critical. Known at once and without asking anybody.
    """
    refusing = [*breakers.in_state(State.OPEN), *breakers.in_state(State.HALF_OPEN)]
    shown = next((each for each in refusing if each.name == WRITES), None)
    if shown is None or (shown.state is State.OPEN and not shown.retry_after_s):
        return {}
    again = f", try again in {shown.retry_after_s:.1f} s" if shown.retry_after_s else ""
    message = f"nothing can be written, circuit breaker {WRITES} is {shown.state}{again}"
    return {
        WRITES: CheckResult(status="down", critical=False, response_time_ms=0.0, age_s=0.0, message=message)
    }

"""Whether a service may work with its database: it answers, and its schema is the code's."""

import asyncio
from pathlib import Path

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.revisions import SchemaState, read_chain, read_revision


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

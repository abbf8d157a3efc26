"""A database that cannot be written: an exclusive transaction is held on its SQLite file."""

import sqlite3
from contextlib import suppress
from urllib.parse import quote

from wattos_cli.drills.faults.holder.order import Order, RefusedError
from wattos_cli.drills.faults.holder.watcher import Watcher
from wattos_cli.project import Project
from wattos_platform import catalog

# The service's own transactions are short; under load one of many tries comes between two of them.
_WAIT_S = 5.0


class Lock:
    """Holds the write lock of one service's database; the kernel releases it with the process."""

    watcher: Watcher | None = None

    def __init__(self, project: Project, order: Order) -> None:
        self._project = project
        self._service = order.service
        self._connection: sqlite3.Connection | None = None

    def begin(self) -> str:
        """Take the lock and return once it is held; RefusedError when there is no such database."""
        known = [service.name for service in catalog.SERVICES if service.database]
        if self._service not in known:
            raise RefusedError(
                f"{self._service} has no database of its own", f"One of: {', '.join(sorted(known))}"
            )
        path = self._project.data_dir / f"{self._service}.db"
        if not path.is_file():
            raise RefusedError(f"there is no database {path}", "Start the platform with: wattos up")
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw", uri=True, timeout=_WAIT_S, isolation_level=None
            )
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self.undo()
            raise RefusedError(
                f"the database of {self._service} could not be locked: {error}", "Is something else at it?"
            ) from error
        return f"holds an exclusive transaction on {path.name}"

    def next_s(self) -> None:
        """Return None: a lock needs no more."""
        return

    def go_on(self) -> tuple[str, ...]:
        """Do nothing."""
        return ()

    def undo(self) -> None:
        """Give the lock back; nothing was written."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.rollback()
            connection.close()

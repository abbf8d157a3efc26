"""What makes the supervisor findable: its lock, and the file that says what runs.

Somebody may delete or overwrite either of them while the platform runs. Without the file no command finds
the platform; without the lock a second one could start beside it.
"""

import asyncio
import os
from collections.abc import Callable

from wattos_cli.project import Project, read_json
from wattos_cli.supervisor import journal

_LOOK_S = 1.0


class StateGuard:
    """Looks once a second: writes a spoilt services.json anew, ends a platform whose lock was removed."""

    def __init__(self, project: Project, rewrite: Callable[[], None], end: Callable[[], None]) -> None:
        self._project = project
        self._rewrite = rewrite
        self._end = end
        self._lock = self._identity()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            self.look()

    def look(self) -> None:
        """Compare what is on disk with what we hold, and act on it."""
        if self._identity() != self._lock:
            message = f"{self._project.state_dir} was removed; the platform that ran from it ends"
            journal.write("platform.ended", message, level="error")
            self._end()
        elif not self._is_told():
            message = f"{self._project.services_file} was removed or overwritten; it is written anew"
            journal.write("state_file.restored", message, level="warning")
            self._rewrite()

    def is_superseded(self) -> bool:
        """Return whether another platform may hold the project: the lock file is a new one."""
        return self._identity() not in (None, self._lock)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._project.lock_file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _is_told(self) -> bool:
        """Return whether services.json names us."""
        supervisor = (read_json(self._project.services_file) or {}).get("supervisor")
        return isinstance(supervisor, dict) and supervisor.get("pid") == os.getpid()

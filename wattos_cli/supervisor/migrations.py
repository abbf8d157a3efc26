"""Migrations: each database is brought up to date once before the first replica that uses it."""

import asyncio

from wattos_cli.supervisor import children
from wattos_cli.supervisor.children import Start
from wattos_cli.supervisor.launcher import Launcher
from wattos_cli.supervisor.plan import ServicePlan
from wattos_cli.supervisor.replica_host import StartRefusedError

# `migrate` ends with it when the database is newer than the code, or a setting wrong.
_CONFIGURATION = 3
_TIMEOUT_S = 600.0


class Migrations:
    """Remembers which service was migrated by which generation of code."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._done: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def migrate(self, plan: ServicePlan, start: Start) -> None:
        """Return when the database of `plan` fits the code; replicas that start together share one run.

        Raises StartRefusedError (exit 3 when the database is newer than the code). A failed run is
        repeated at the next start.
        """
        key = (plan.name, self._launcher.generation)
        task = self._done.get(key)
        if task is None or (task.done() and task.exception() is not None):
            task = self._done[key] = asyncio.create_task(self._run(plan, start))
        await asyncio.shield(task)

    def forget(self, name: str) -> None:
        """Migrate `name` again before its next start: its code may be new without a new fork server."""
        for key in [key for key in self._done if key[0] == name]:
            del self._done[key]

    async def _run(self, plan: ServicePlan, start: Start) -> None:
        try:
            child = await self._launcher.spawn(plan, start)
        except OSError as error:
            raise StartRefusedError(f"cannot start the migration: {error}") from error
        await asyncio.wait([child.exited], timeout=_TIMEOUT_S)
        if not child.exited.done():
            await children.end(child, 0)
            raise StartRefusedError(f"its migration did not end within {_TIMEOUT_S:g} s")
        code = child.exited.result()
        if code == _CONFIGURATION:
            raise StartRefusedError("its database or its settings do not fit this version", exit_code=code)
        if code != 0:
            raise StartRefusedError(f"its migration failed with code {code}")

"""How processes are made: by a fork server that is fresh, or by exec where there is none."""

import asyncio
from collections.abc import Callable

from wattos_cli.supervisor import journal
from wattos_cli.supervisor.children import Child, ExecSpawner, Start
from wattos_cli.supervisor.fork_client import ForkServer, ForkServerGoneError
from wattos_cli.supervisor.fork_process import ForkServerProcess, ForkServers
from wattos_cli.supervisor.plan import ServicePlan


class Launcher:
    """Chooses the spawner for a service and keeps the fork server as new as the code on disk.

    Without `fork_servers` everything is executed. `fatal` is called when a fork
    server that had children dies: the platform goes down with it, as it does with the supervisor.
    """

    def __init__(
        self,
        execs: ExecSpawner,
        fork_servers: ForkServers | None,
        fatal: Callable[[str], None],
    ) -> None:
        self.execs = execs
        self.generation = 0
        self._make = fork_servers.make if fork_servers else None
        self._fatal = fatal
        self._servers: list[ForkServer] = []
        self._watchers: set[asyncio.Task[None]] = set()
        if fork_servers is not None:
            self._take(fork_servers.first)

    @property
    def current(self) -> ForkServer | None:
        """Return the fork server that new children come from."""
        return next((server for server in reversed(self._servers) if not server.retired), None)

    @property
    def preload_ms(self) -> float | None:
        """Return how long the newest fork server took to import everything."""
        return self.current.preload_ms if self.current else None

    async def spawn(self, plan: ServicePlan, start: Start) -> Child:
        """Return a new process of `plan`: bundled ones are forked, everything else is executed.

        OSError when it cannot be started.
        """
        while plan.kind == "bundled" and (server := self.current) is not None:
            try:
                return await server.spawn(start)
            except ForkServerGoneError as error:
                if server.has_forked and not server.retired:
                    raise
                server.retired = True
                if self.current is None:
                    message = f"no fork server, services are executed: {error}"
                    journal.write("fork_server.refused", message, level="warning")
        return await self.execs.spawn(start)

    async def changed_code(self) -> list[str]:
        """Return files that differ from what running services have loaded; empty without a fork server."""
        server = self.current
        if server is None or not server.preload_ms:
            return []  # one that is still importing has the newest code
        try:
            return await server.changed_files()
        except OSError:
            return []

    async def renew(self) -> bool:
        """Start a new fork server when code has changed; the old one lives until its last child leaves.

        Return whether it did.
        """
        old = self.current
        if self._make is None or old is None or not await self.changed_code():
            return False
        self._take(self._make())
        old.retire()
        return True

    def pids(self) -> list[int]:
        """Return the pids of all living fork servers."""
        return [server.pid for server in self._servers]

    def close(self) -> None:
        """End all fork servers; their children must have ended before."""
        for server in self._servers:
            server.retired = True
            server.close()

    def _take(self, process: ForkServerProcess) -> None:
        self.generation += 1
        server = ForkServer(process, self.generation)
        self._servers.append(server)
        child = self.execs.adopt(process.pid)
        watcher = asyncio.create_task(self._watch(server, child.exited))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _watch(self, server: ForkServer, exited: "asyncio.Future[int]") -> None:
        code = await exited
        self._servers.remove(server)
        if server.has_forked and not server.retired:
            self._fatal(f"the fork server ended with code {code}")

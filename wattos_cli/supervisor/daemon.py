"""The supervisor's process: wires fleet, control socket, API and housekeeping until it is told to end."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from wattos_cli.errors import WattosError
from wattos_cli.project import SERVICES_SCHEMA, Project, write_private
from wattos_cli.supervisor import (
    background,
    credentials,
    failures,
    guardian,
    journal,
    listeners,
    metrics_api,
    process_table,
    protocol,
    reload,
    settings,
)
from wattos_cli.supervisor.addresses import Address
from wattos_cli.supervisor.children import ExecSpawner
from wattos_cli.supervisor.control import ControlServer
from wattos_cli.supervisor.fleet import Fleet
from wattos_cli.supervisor.fork_process import ForkServers
from wattos_cli.supervisor.housekeeping import Housekeeping
from wattos_cli.supervisor.invocation import Invocation
from wattos_cli.supervisor.launcher import Launcher
from wattos_cli.supervisor.plan import Plan
from wattos_cli.supervisor.queries.pool import Queries
from wattos_cli.supervisor.replica import Replica
from wattos_cli.supervisor.replica_host import State
from wattos_cli.supervisor.scrape.scraping import Scraping
from wattos_cli.supervisor.start_factory import StartFactory
from wattos_cli.supervisor.state_guard import StateGuard

_IN_WORDS = {
    State.NOT_READY: "not ready",
    State.BACKOFF: "to be started again",
    State.CRASH_LOOP: "given up",
}


def run(
    invocation: Invocation,
    import_paths: tuple[Path, ...],
    fork_servers: ForkServers | None,
    *,
    client_fd: int,
    guardian_pipe: int,
) -> int:
    """Supervise until `down`, a signal, or the end of who must not end; return the exit code."""
    supervising = _supervise(
        invocation, import_paths, fork_servers, client_fd=client_fd, guardian_pipe=guardian_pipe
    )
    return asyncio.run(supervising)


async def _supervise(
    invocation: Invocation,
    import_paths: tuple[Path, ...],
    fork_servers: ForkServers | None,
    *,
    client_fd: int,
    guardian_pipe: int,
) -> int:
    daemon = Daemon(invocation, import_paths, fork_servers)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(background.tell_unhandled)
    loop.add_reader(guardian_pipe, lambda: _die("the guardian ended"))
    return await daemon.run(client_fd)


def _die(reason: str) -> NoReturn:
    """Kill everything below us and end at once: the platform must not live on half guarded."""
    journal.write("platform.ended", f"{reason}; everything is ended with it", level="critical")
    guardian.kill_descendants()
    os._exit(1)


class Daemon:
    """The operations of the control socket, and the life of the process."""

    def __init__(
        self,
        invocation: Invocation,
        import_paths: tuple[Path, ...],
        fork_servers: ForkServers | None,
    ) -> None:
        self._invocation = invocation
        self._project = Project(invocation.root)
        self._settings = settings.from_environ(os.environ)
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._write_due = False
        self._told: dict[tuple[str, int], State] = {}
        execs = ExecSpawner()
        execs.watch(self._loop)
        self._launcher = Launcher(execs, fork_servers, fatal=_die)
        start_factory = StartFactory(
            self._project, invocation.socket_dir, import_paths, self._settings.drain_s
        )
        self._fleet = Fleet(self._settings, start_factory, self._launcher, self._changed)
        self._control = ControlServer(self)
        self._housekeeping = Housekeeping(self._fleet, self._project, self._settings)
        self._state_guard = StateGuard(self._project, self._write_services, self._stop.set)
        self._scraping = Scraping(lambda: map(Replica.row, self._fleet.replicas()), self._project.metrics_dir)
        self._queries = Queries(lambda fd: execs.spawn(start_factory.query_worker(fd)))
        self._api: asyncio.Server | None = None
        self._api_port = 0

    async def run(self, client_fd: int) -> int:
        """Serve until `stop`, then end every service and give everything back."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop.set)
        await self._control.listen(self._invocation.socket_dir / protocol.SOCKET_NAME)
        await self._control.serve_inherited(client_fd)
        housekeeping = asyncio.create_task(background.restarting(self._housekeeping.run, "housekeeping"))
        state_guard = asyncio.create_task(background.restarting(self._state_guard.run, "state-guard"))
        await self._stop.wait()
        housekeeping.cancel()
        state_guard.cancel()
        await self._scraping.close()
        async with self._fleet.busy:
            await self._fleet.down(self._fleet.names())
        if self._api is not None:
            self._api.close()
        self._queries.close()
        self._launcher.close()
        self._write_services(running=False)
        await self._control.close()
        if not self._state_guard.is_superseded():
            self._remove_sockets()
        return 0

    # --- Operations

    def rows(self) -> dict[str, Any]:
        """Return the rows of all replicas and the timings so far."""
        rows = [{**replica.row(), **self._housekeeping.usage(replica)} for replica in self._fleet.replicas()]
        return {
            "rows": rows,
            "port_offset": self._fleet.plan.port_offset,
            "above": self._fleet.plan.above,
            "timings": {"preload_ms": self._launcher.preload_ms},
        }

    async def perform(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an operation, one at a time; a scrape changes nothing and waits for none."""
        if operation == "scrape":
            return await self._scraping.scrape_now()
        async with self._fleet.busy:
            if self._stop.is_set():
                raise WattosError("the platform is just being stopped", code=protocol.STOPPING)
            try:
                return await self._perform(operation, request)
            finally:
                if self._fleet.idle():
                    self._stop.set()

    def detached(self) -> None:
        """End the platform: the command that ran it in the foreground has gone."""
        self._stop.set()

    async def _perform(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "up":
            plan = Plan.from_json(request["plan"])
            await self._listen_api(plan.api_port)
            self._scraping.obey(plan.metrics)
            reload.reread_files(self._fleet, plan)
            return await self._fleet.up(plan, recreate=bool(request.get("recreate")))
        if operation == "reload":
            return self._reload(Plan.from_json(request["plan"]))
        if operation == "reloaded":
            reload.reloaded(self._fleet, request["replicas"], request["digests"])
            plan = Plan.from_json(request["plan"])
            self._scraping.obey(plan.metrics)
            return {"reread": reload.reread_files(self._fleet, plan)}
        names = self._known(request.get("services"))
        if operation == "down":
            return {"services": await self._fleet.down(names)}
        if operation == "restart":
            await self._fleet.restart(names)
            return {"services": names}
        raise WattosError(
            f"the running platform knows no operation {operation!r}",
            hint="it is of an older version. Restart it with: wattos up --recreate",
            code="unknown_operation",
        )

    def _reload(self, plan: Plan) -> dict[str, Any]:
        try:
            return reload.reload(self._fleet, plan)
        except OSError as error:
            file = self._project.service_config_file
            raise WattosError(
                f"cannot write {file}: {error.strerror}",
                hint="nothing has changed. Make room on the disk, then: wattos config reload",
                code="config_not_written",
            ) from error

    def _known(self, names: list[str] | None) -> list[str]:
        """Return `names` (None: all); WattosError when one of them does not run here."""
        known = self._fleet.names()
        for name in names or ():
            if name not in known:
                raise failures.not_part(name, known)
        return known if names is None else list(names)

    async def _listen_api(self, port: int) -> None:
        """Open the loopback API once; WattosError when its port is taken."""
        if self._api is not None or not port:
            return
        host = self._settings.host
        try:
            listener = listeners.bind(host, port)
        except OSError as error:
            raise listeners.cannot_bind("supervisor", port, error, os.environ, self._project) from error
        tokens = credentials.metrics_tokens(self._project)
        api = metrics_api.MetricsApi(
            tokens,
            Address(host=host, port=port).authority,
            lambda: self.rows()["rows"],
            self._queries.answer,
            self._scraping.targets,
        )
        self._api = await metrics_api.listen(api, listener)
        self._api_port = port

    def _remove_sockets(self) -> None:
        """Remove the socket folder; the project's lock, still held, keeps a new platform from using it."""
        folder = self._invocation.socket_dir
        with contextlib.suppress(OSError):
            for path in list(folder.iterdir()):
                path.unlink()
            folder.rmdir()

    # --- what changed

    def _changed(self, replica: Replica) -> None:
        self._control.publish(replica.row())
        self._tell(replica)
        if not self._write_due:
            self._write_due = True
            self._loop.call_soon(self._write_services)

    def _tell(self, replica: Replica) -> None:
        """Write a replica's change of state to supervisor.log."""
        key = (replica.plan.name, replica.number)
        if self._told.get(key) == replica.state:
            return
        self._told[key] = replica.state
        level = "error" if replica.state == State.CRASH_LOOP else "info"
        level = "warning" if replica.state in {State.BACKOFF, State.NOT_READY} else level
        why = f": {replica.reason}" if replica.reason and level != "info" else ""
        journal.write(
            "replica.changed",
            f"{replica.plan.name}-{replica.number} is {_IN_WORDS.get(replica.state, replica.state)}{why}",
            level=level,
            target=replica.plan.name,
            replica=replica.number,
            state=str(replica.state),
            pid=replica.child.pid if replica.child else None,
            restarts=replica.restarts,
            ready_ms=replica.ready_ms if replica.state == State.READY else None,
        )

    def _write_services(self, *, running: bool = True) -> None:
        self._write_due = False
        if self._state_guard.is_superseded():
            return
        pid = os.getpid()
        document = {
            "schema": SERVICES_SCHEMA,
            "project": str(self._project.root),
            "port_offset": self._fleet.plan.port_offset,
            "api_port": self._api_port,
            "supervisor": {"pid": pid, "start_time": process_table.start_time(pid)} if running else None,
            "guardian": {"pid": os.getppid(), "start_time": process_table.start_time(os.getppid())},
            "fork_servers": self._launcher.pids(),
            "control_socket": str(self._invocation.socket_dir / protocol.SOCKET_NAME),
            "written_at": time.time(),
            "services": [replica.row() for replica in self._fleet.replicas()],
        }
        try:
            write_private(self._project.services_file, json.dumps(document, indent=1).encode())
        except OSError as error:
            message = f"cannot write {self._project.services_file}: {error}"
            journal.write("state_file.failed", message, level="error")

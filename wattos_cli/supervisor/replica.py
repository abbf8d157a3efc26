"""One replica's life: started, asked, watched, restarted, ended."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattos_cli.supervisor import children, endings
from wattos_cli.supervisor.children import Child
from wattos_cli.supervisor.plan import ServicePlan
from wattos_cli.supervisor.replica_host import ReplicaHost, StartRefusedError, State
from wattos_cli.supervisor.replica_probe import ReplicaProbe
from wattos_cli.supervisor.restart_policy import RestartPolicy
from wattos_cli.supervisor.thresholds import Threshold


@dataclass
class Replica:
    """The state machine of one replica. All methods run on the supervisor's loop."""

    plan: ServicePlan
    number: int
    host: ReplicaHost
    policy: RestartPolicy
    replica_probe: ReplicaProbe
    log_file: Path
    ops_socket: Path | None
    changed: Callable[["Replica"], None]
    state: State = State.STOPPED
    child: Child | None = None
    restarts: int = 0
    started_at: float = 0.0
    ready_ms: float | None = None
    reason: str = ""
    failed: bool = False
    exit_code: int = 1
    log_start: int = 0
    _ready_at: float | None = None
    _begun_at: float = 0.0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _task: "asyncio.Task[None] | None" = None

    @property
    def running(self) -> bool:
        """Return whether it is being kept alive: anything but stopped or given up."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin a life with a clean record; nothing happens while one goes on."""
        if self.running:
            return
        self._stopping.clear()
        self.policy.reset()
        self.restarts, self.failed, self.reason, self.exit_code = 0, False, "", 1
        self.log_start = _size(self.log_file)
        self._begin()
        self._task = asyncio.create_task(self._live(), name=f"{self.plan.name}-{self.number}")
        self._task.add_done_callback(self._finished)

    async def stop(self) -> None:
        """End the process, its group and everything it started; return when nothing of it is left."""
        self._stopping.set()
        if self.child is not None:
            await children.end(self.child, self.host.drain_s)
            self.host.tidy()
        if self._task is not None:
            await self._task
        self._become(State.STOPPED)

    async def restart(self) -> None:
        """Stop, and begin a new life. The listening socket stays open, so callers only wait."""
        await self.stop()
        self.start()

    def row(self) -> dict[str, Any]:
        """Return what services.json, `ps` and `up` show of this replica."""
        child = self.child
        return {
            "name": self.plan.name,
            "replica": self.number,
            "kind": self.plan.kind,
            "state": str(self.state),
            "pid": child.pid if child else None,
            "start_time": child.start_time if child else None,
            "port": self.plan.port or None,
            "url": self.plan.base_url or None,
            "metrics": self.plan.metrics_url or None,
            "ops_socket": str(self.ops_socket) if self.ops_socket else None,
            "log_file": str(self.log_file),
            "restarts": self.restarts,
            "crashes_left": self.policy.left(self._ready_for_s()),
            "started_at": self.started_at,
            "ready_ms": self.ready_ms,
            "reason": self.reason,
            "failed": self.failed,
            "exit_code": self.exit_code,
            "log_start": self.log_start,
            "needs": [edge.name for edge in self.plan.depends_on if edge.critical],
        }

    async def _live(self) -> None:
        while not self._stopping.is_set():
            try:
                ended = await self._one_life()
            except StartRefusedError as refused:
                self.exit_code = refused.exit_code
                self._give_up(str(refused))
                return
            if self._stopping.is_set() or ended == "":
                return
            verdict = self.policy.ended(self._ready_for_s())
            self.failed = self.failed or self._ready_at is None
            if verdict.delay_s is None:
                self._give_up(ended)
                return
            self.reason = ended
            self._become(State.BACKOFF)
            if await self._stopped_within(verdict.delay_s):
                return
            self.restarts += 1
            self._begin()

    async def _one_life(self) -> str:
        """Run one process from start to end; return why it ended, "" for a oneshot that did its work."""
        await self._unless_stopping(self.host.prepare(self.plan))
        if self._stopping.is_set():
            return ""
        if self.plan.attached:
            await self._unless_stopping(self._watch())
            return ""
        try:
            if self.ops_socket is not None:
                self.ops_socket.unlink(missing_ok=True)
            self.child = await self.host.spawn(self.plan, self.number)
        except OSError as error:
            return f"cannot start: {error.strerror or error}" + (
                f" ({error.filename})" if error.filename else ""
            )
        self.changed(self)
        return await self._until_end(self.child)

    async def _until_end(self, child: Child) -> str:
        if self._stopping.is_set():
            await children.end(child, self.host.drain_s)
        watch = asyncio.create_task(self._watch())
        waits: set[asyncio.Future[Any]] = {child.exited, watch}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        sick = "" if not watch.done() else watch.result()
        watch.cancel()
        if sick:
            self.reason = sick
            await children.end(child, self.host.drain_s)
        code = await child.exited
        if not self._stopping.is_set():
            await children.sweep(child, asyncio.get_running_loop().time())
            self.host.tidy()
        self.child = None
        if self.plan.oneshot and code == 0:
            self._mark_ready()
            return ""
        return sick or endings.told(code)

    async def _watch(self) -> str:
        """Ask the service for ever; return why it must be restarted when it does not live any more."""
        probes = self.host.probes
        if self.plan.oneshot:
            await asyncio.Event().wait()
        ready = Threshold(probes.readiness_failures, probes.readiness_successes)
        alive = Threshold(probes.liveness_failures, 1, passing=True)
        started = False
        while True:
            await asyncio.sleep(probes.interval_s if started else probes.start_interval_s)
            if started:
                trouble = await self.replica_probe.liveness(probes.timeout_s)
                if alive.record(ok=not trouble) and not alive.passing and not self.plan.attached:
                    return f"did not answer {probes.liveness_failures} liveness probes in a row: {trouble}"
            trouble = await self.replica_probe.readiness(probes.timeout_s)
            if ready.record(ok=not trouble):
                started = True
                self._readiness_flipped(trouble, ready=ready.passing)
            elif trouble and not ready.passing:
                self.reason = trouble

    def _readiness_flipped(self, trouble: str, *, ready: bool) -> None:
        if ready:
            self._mark_ready()
        else:
            self.reason = trouble
            self._become(State.NOT_READY)

    def _begin(self) -> None:
        self.started_at = time.time()
        self._begun_at = time.monotonic()
        self._ready_at, self.ready_ms = None, None
        self.replica_probe.begin()
        self._become(State.STARTING)

    def _mark_ready(self) -> None:
        if self._ready_at is None:
            self._ready_at = time.monotonic()
            self.ready_ms = round((self._ready_at - self._begun_at) * 1000, 1)
        self.reason = ""
        self._become(State.READY)

    def _ready_for_s(self) -> float:
        return 0.0 if self._ready_at is None else time.monotonic() - self._ready_at

    def _give_up(self, reason: str) -> None:
        self.failed = True
        self.reason = reason
        self._become(State.CRASH_LOOP)
        self.host.gave_up(self.plan)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        """Give up visibly when the life ended by a mistake of ours, rather than stay `starting` for ever."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._give_up(f"the supervisor failed: {error!r}")

    def _become(self, state: State) -> None:
        self.state = state
        self.changed(self)

    async def _stopped_within(self, delay_s: float) -> bool:
        try:
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True

    async def _unless_stopping(self, work: Coroutine[Any, Any, object]) -> None:
        """Wait for `work`, or drop it as soon as the replica shall stop; its exception is raised."""
        task = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            waits: set[asyncio.Task[Any]] = {task, stopping}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for waiting in (task, stopping):
                waiting.cancel()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

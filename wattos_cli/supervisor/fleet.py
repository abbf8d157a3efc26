"""All services of a running platform: who is wanted, who runs, on which ports."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from wattos_cli.supervisor.bound_ports import BoundPorts
from wattos_cli.supervisor.children import Child
from wattos_cli.supervisor.launcher import Launcher
from wattos_cli.supervisor.migrations import Migrations
from wattos_cli.supervisor.plan import Plan, ServicePlan, stop_waves
from wattos_cli.supervisor.replica import Replica
from wattos_cli.supervisor.replica_host import State
from wattos_cli.supervisor.replica_probe import ReplicaProbe
from wattos_cli.supervisor.restart_policy import RestartPolicy
from wattos_cli.supervisor.running_service import RunningService
from wattos_cli.supervisor.settings import SupervisorSettings
from wattos_cli.supervisor.start_factory import StartFactory

_ROLLING_TIMEOUT_S = 30.0
_ROLLING_POLL_S = 0.02


class Fleet:
    """Starts, stops and restarts services; the ReplicaHost of their replicas. Runs on one loop."""

    def __init__(
        self,
        settings: SupervisorSettings,
        start_factory: StartFactory,
        launcher: Launcher,
        changed: Callable[[Replica], None],
    ) -> None:
        self.settings = settings
        self.probes = settings.probes
        self.drain_s = settings.drain_s + settings.kill_margin_s
        self.plan = Plan((), {})
        self.busy = asyncio.Lock()
        self._start_factory = start_factory
        self._launcher = launcher
        self._changed = changed
        self._services: dict[str, RunningService] = {}
        self._ports = BoundPorts(settings.host, start_factory.project)
        self._migrations = Migrations(launcher)

    # --- what the operator asks for

    async def up(self, plan: Plan, *, recreate: bool) -> dict[str, Any]:
        """Start what of `plan` is missing; return the names started and, with reasons, those that are stale.

        Raises WattosError (port_in_use) before anything is started.
        """
        stale = await self._stale(plan)
        if recreate:
            await self._stop_waves(list(stale))
            stale = {}
        self._adopt_edges(plan)
        missing = [service for service in plan.services if self._is_missing(service)]
        changed = {service.name: service for service in missing}
        self.plan = _merged(self.plan, plan, {*changed, *(self._names_not_in(plan))})
        self._bind(missing)
        self._start_factory.write_service_config(plan)
        if missing:
            await self._launcher.renew()
        await self._trim(plan)
        started = [replica for service in missing for replica in self._begin(service)]
        return {"started": sorted({r.plan.name for r in started}), "stale": stale}

    async def down(self, names: Iterable[str]) -> list[str]:
        """Stop `names`, users before what they use, and give their ports back; return which still ran."""
        chosen = list(names)
        running = [name for name in chosen if not self._services[name].stopped]
        await self._stop_waves(chosen)
        return running

    async def restart(self, names: Iterable[str]) -> None:
        """Restart `names`; the sockets stay open, replicas of one service go one after the other.

        Returns when all have begun their new life, ready or not.
        """
        await self._launcher.renew()
        chosen = [self._services[name] for name in names]
        self._bind([service.plan for service in chosen])
        for service in chosen if self._launcher.current is None else ():
            self._migrations.forget(service.plan.name)
        await asyncio.gather(*(self._restart(service) for service in chosen))

    def configure(self, plan: Plan) -> None:
        """Write the services' configuration of `plan` for every new process; OSError, and nothing changed."""
        configured = self.plan.with_config_of(plan)
        self._start_factory.write_service_config(configured)
        self.plan = configured

    def furnish(self, plan: ServicePlan) -> None:
        """Write what the program of a component reads; OSError."""
        self._start_factory.furnish(plan)

    def service(self, name: str) -> RunningService | None:
        """Return what was started as `name`, None if nothing was."""
        return self._services.get(name)

    def names(self) -> list[str]:
        """Return the names of all services that were started, dependencies first."""
        return list(self._services)

    def replicas(self) -> list[Replica]:
        """Return all replicas in the order of the services."""
        return [replica for service in self._services.values() for replica in service.replicas]

    def fork_servers(self) -> list[int]:
        """Return the pids of the living fork servers."""
        return self._launcher.pids()

    def idle(self) -> bool:
        """Return whether nothing is being kept alive."""
        return not any(replica.running or replica.state == State.READY for replica in self.replicas())

    # --- what a replica asks for (ReplicaHost)

    async def prepare(self, plan: ServicePlan) -> None:
        """Return when `plan` may start; StartRefusedError when it never may."""
        for edge in plan.depends_on:
            other = self._services.get(edge.name)
            # A bundled service needs no bundled one to be ready first: its socket listens already, and the
            # first call waits there. Whatever has no socket of ours must be ready before, or have failed if
            # there is a way without it.
            if other is not None and not (plan.kind == "bundled" and other.plan.handed_socket):
                await (other.ready if edge.critical else other.tried).wait()
        if plan.database:
            await self._migrations.migrate(plan, self._start_factory.migration(plan, self.plan))

    async def spawn(self, plan: ServicePlan, number: int) -> Child:
        """Return a new process of replica `number`, with our listening socket if its service has one."""
        self.furnish(plan)
        start = self._start_factory.start(plan, number, self.plan, self._ports.descriptor(plan.name))
        self._services[plan.name].digests[number] = self.plan.digests
        return await self._launcher.spawn(plan, start)

    def tidy(self) -> None:
        """Kill what children that have ended left behind."""
        groups = {replica.child.pid for replica in self.replicas() if replica.child}
        self._launcher.execs.kill_orphans(frozenset(groups))

    def gave_up(self, plan: ServicePlan) -> None:
        """Close the port of a service without any replica left: callers are refused, not kept waiting."""
        service = self._services[plan.name]
        if all(replica.state in {State.CRASH_LOOP, State.STOPPED} for replica in service.replicas):
            self._ports.release(plan.name)

    def took_note(self, replica: Replica) -> None:
        """Follow a replica's state: those who wait for its service go on when one replica is ready."""
        service = self._services.get(replica.plan.name)
        if service is not None:
            ready = any(other.state == State.READY for other in service.replicas)
            (service.ready.set if ready else service.ready.clear)()
            if replica.state != State.STARTING:
                service.tried.set()
        self._changed(replica)

    # --- inside

    async def _stale(self, plan: Plan) -> dict[str, list[str]]:
        """Return the running services that a fresh start would make different, each with what differs."""
        code_changed = bool(await self._launcher.changed_code())
        found: dict[str, list[str]] = {}
        for wanted in plan.services:
            service = self._services.get(wanted.name)
            if service is None or not service.running:
                continue
            reasons = service.outdated(wanted, plan.digests)
            old = any(r.child and r.child.generation != self._launcher.generation for r in service.replicas)
            if wanted.kind == "bundled" and (code_changed or (old and self._launcher.current)):
                reasons.append("code")
            if reasons:
                found[wanted.name] = reasons
        return found

    def _adopt_edges(self, plan: Plan) -> None:
        """Give what runs its new edges: they order starts and stops, the process itself knows none."""
        for wanted in plan.services:
            service = self._services.get(wanted.name)
            if service is not None:
                service.plan = replace(service.plan, depends_on=wanted.depends_on)
                for replica in service.replicas:
                    replica.plan = service.plan

    def _is_missing(self, wanted: ServicePlan) -> bool:
        service = self._services.get(wanted.name)
        return service is None or service.lacks(wanted)

    def _names_not_in(self, plan: Plan) -> set[str]:
        return {service.name for service in plan.services if service.name not in self._services}

    def _begin(self, plan: ServicePlan) -> list[Replica]:
        """Start the missing replicas of one service; return them."""
        service = self._services.get(plan.name)
        if service is None:
            service = self._services[plan.name] = RunningService(plan)
        idle = [r for r in service.replicas if not r.running and r.state != State.READY]
        if len(idle) == len(service.replicas):
            service.plan = plan
            service.tried.clear()
        for number in range(len(service.replicas), plan.replicas or 1):
            idle.append(self._replica(service.plan, number))
            service.replicas.append(idle[-1])
        for replica in idle:
            replica.plan = replica.replica_probe.plan = service.plan
            replica.start()
        return idle

    def _replica(self, plan: ServicePlan, number: int) -> Replica:
        ops_socket = self._start_factory.ops_socket(plan, number)
        return Replica(
            plan=plan,
            number=number,
            host=self,
            policy=RestartPolicy(self.settings.restart, time.monotonic, Random()),  # noqa: S311 - only jitter
            replica_probe=ReplicaProbe(plan, ops_socket, self.probes.settle_s),
            log_file=self._log_file(plan, number),
            ops_socket=ops_socket,
            changed=self.took_note,
        )

    def _log_file(self, plan: ServicePlan, number: int) -> Path:
        return Path(plan.log_file) if plan.log_file else self._start_factory.log_file(plan, number)

    async def _restart(self, service: RunningService) -> None:
        for replica in service.replicas:
            await replica.restart()
            if len(service.replicas) > 1:
                await _settled(replica)

    async def _trim(self, plan: Plan) -> None:
        """Stop replicas beyond the number that `plan` names."""
        for wanted in plan.services:
            service = self._services.get(wanted.name)
            if service is None or wanted.replicas is None:
                continue
            surplus = service.replicas[wanted.replicas :]
            await asyncio.gather(*(replica.stop() for replica in surplus))
            del service.replicas[wanted.replicas :]

    async def _stop_waves(self, names: list[str]) -> None:
        chosen = [self._services[name].plan for name in names if name in self._services]
        for wave in stop_waves(chosen):
            stopping = [replica for name in wave for replica in self._services[name].replicas]
            await asyncio.gather(*(replica.stop() for replica in stopping))
            for name in wave:
                self._ports.release(name)

    def _bind(self, plans: Iterable[ServicePlan]) -> None:
        """Bind the ports of `plans`, all or none, but those that their own processes hold."""
        held = {replica.plan.name for replica in self.replicas() if replica.child}
        self._ports.bind((plan for plan in plans if plan.name not in held), self.plan.environ)


async def _settled(replica: Replica) -> None:
    """Return when `replica` is no longer starting, so that the next one is only then taken away."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ROLLING_TIMEOUT_S):
            while replica.state == State.STARTING:  # noqa: ASYNC110 - rare, and cheaper than an event
                await asyncio.sleep(_ROLLING_POLL_S)


def _merged(old: Plan, new: Plan, taken: set[str]) -> Plan:
    """Return `new` with the services of `old` that it does not replace: `taken` are replaced or added."""
    kept = {service.name: service for service in old.services}
    for service in new.services:
        if service.name in taken or service.name not in kept:
            kept[service.name] = service
    return replace(new, services=tuple(kept.values()))

"""One service of the running platform: its replicas, and which settings each of them was started with."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace

from wattos_cli.supervisor.plan import ServicePlan, differences, is_table, with_tables
from wattos_cli.supervisor.replica import Replica
from wattos_cli.supervisor.replica_host import State
from wattos_platform import catalog

# What a running process need not be started anew for, and how the environment is called in wattos.toml.
_NOT_OF_THE_PROCESS = frozenset({"replicas", "depends_on"})
_SAID = {"environ": "env"}


@dataclass
class RunningService:
    """One service as it was last started; `tried` is set once its start has succeeded or failed.

    `digests` are those of the plan that each replica's process was started with, by its number.
    """

    plan: ServicePlan
    replicas: list[Replica] = field(default_factory=list)
    digests: dict[int, Mapping[str, str]] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> bool:
        """Return whether any replica is being kept alive."""
        return any(replica.running for replica in self.replicas)

    @property
    def stopped(self) -> bool:
        """Return whether there is nothing left of it to stop; one that was given up is not stopped yet."""
        return all(replica.state == State.STOPPED for replica in self.replicas)

    def lacks(self, wanted: ServicePlan) -> bool:
        """Return whether fewer replicas live than `wanted` names."""
        alive = sum(replica.running or replica.state == State.READY for replica in self.replicas)
        return alive < (wanted.replicas or len(self.replicas) or 1)

    def outdated(self, wanted: ServicePlan, digests: Mapping[str, str]) -> list[str]:
        """Return what a fresh start under `wanted` and `digests` would make different, in order."""
        found: set[str] = set()
        for replica in self.replicas if wanted.kind == "bundled" else ():
            if replica.child is not None:
                old = self.digests.get(replica.number, digests)
                found.update(differences(_read_by(wanted, old), _read_by(wanted, digests)))
        return [*sorted(found), *_redefined(self.plan, wanted)]

    def rereads(self, wanted: ServicePlan) -> bool:
        """Return whether it runs with other files than those of `wanted`, and can be told to read them again.

        One that is just starting cannot: it may have read the old ones and know no SIGHUP yet.
        """
        return (
            wanted.kind == "component"
            and catalog.component(wanted.name).rereads
            and wanted.configuration != self.plan.configuration
            and all(replica.state == State.READY for replica in self.replicas)
        )

    def take(self, configuration: Mapping[str, str]) -> None:
        """Run with the files of `configuration`: the process is told, and the next one starts with them."""
        self.plan = replace(self.plan, configuration=configuration)
        for replica in self.replicas:
            replica.plan = self.plan
            if replica.child is not None:
                replica.child.hangup()

    def reloaded(self, numbers: Iterable[int], digests: Mapping[str, str]) -> None:
        """Take note that these replicas have read the tables of `digests` without a restart."""
        for number in numbers:
            self.digests[number] = with_tables(self.digests.get(number, {}), digests)


def _read_by(plan: ServicePlan, digests: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of what the service reads: every variable, of the generated file its own tables."""
    tables = {f"[{table}]" for table in catalog.service(plan.name).tables}
    return {name: value for name, value in digests.items() if not is_table(name) or name in tables}


def _redefined(old: ServicePlan, new: ServicePlan) -> list[str]:
    """Return what of the service's own definition differs, as wattos.toml calls it."""
    names = [each.name for each in fields(ServicePlan) if each.name not in _NOT_OF_THE_PROCESS]
    return [_SAID.get(name, name) for name in names if getattr(old, name) != getattr(new, name)]

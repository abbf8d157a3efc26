"""One service of the running platform: its replicas, and which settings each of them was started with."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from wattos_cli.supervisor.plan import ServicePlan, differences
from wattos_cli.supervisor.replica import Replica, State
from wattos_platform import catalog


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
        definition = [] if _definition(wanted) == _definition(self.plan) else ["definition"]
        return [*sorted(found), *definition]


def _read_by(plan: ServicePlan, digests: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of what the service reads: every variable, of the generated file its own tables."""
    tables = {f"[{table}]" for table in catalog.service(plan.name).tables}
    return {name: value for name, value in digests.items() if not name.startswith("[") or name in tables}


def _definition(plan: ServicePlan) -> ServicePlan:
    """Return what of `plan` a running process would have to be started anew for."""
    return replace(plan, replicas=None, depends_on=())

"""What a replica needs from the supervisor, and the states in which that sees it."""

from enum import StrEnum
from typing import Protocol

from wattos_cli.supervisor.children import Child
from wattos_cli.supervisor.plan import ServicePlan
from wattos_cli.supervisor.thresholds import ProbeSettings


class State(StrEnum):
    """What `ps` shows."""

    STARTING = "starting"
    READY = "ready"
    NOT_READY = "not_ready"
    BACKOFF = "backoff"
    CRASH_LOOP = "crash_loop"
    STOPPED = "stopped"


class StartRefusedError(Exception):
    """The replica cannot be started and trying again would not help; `exit_code` is what `up` ends with."""

    def __init__(self, reason: str, exit_code: int = 1) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


class ReplicaHost(Protocol):
    """What a replica needs from the supervisor."""

    probes: ProbeSettings
    drain_s: float

    async def prepare(self, plan: ServicePlan) -> None:
        """Return when `plan` may start: what it waits for is ready, its database is migrated.

        Raises StartRefusedError when it never may.
        """
        ...

    async def spawn(self, plan: ServicePlan, number: int) -> Child:
        """Return a new process of replica `number`; OSError when it cannot be started."""
        ...

    def tidy(self) -> None:
        """Kill what children that have ended left behind."""
        ...

    def gave_up(self, plan: ServicePlan) -> None:
        """Take note that a replica of `plan` is a crash loop."""
        ...

"""What `wattos health` is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from wattos_cli.deps import Finding


class Probe(StrEnum):
    """How deep to ask."""

    LIVENESS = "liveness"
    READINESS = "readiness"
    FULL = "full"


class FailOn(StrEnum):
    """From which status on the exit code is 1."""

    UNHEALTHY = "unhealthy"
    DEGRADED = "degraded"


class Output(StrEnum):
    """The formats of the answer."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"


@dataclass(frozen=True)
class Options:
    """What to probe and how; times in seconds, None for a wait means no waiting."""

    services: tuple[str, ...] = ()
    probe: Probe = Probe.FULL
    wait_s: float | None = None
    probe_timeout_s: float = 2.0
    watch: bool = False
    fail_on: FailOn = FailOn.UNHEALTHY
    output: Output = Output.TABLE
    junit: Path | None = None

    @property
    def failing(self) -> frozenset[str]:
        """Return the statuses that make the exit code 1."""
        return frozenset({"unhealthy"} if self.fail_on is FailOn.UNHEALTHY else {"unhealthy", "degraded"})

    def not_well(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return those of `findings` that make the exit code 1."""
        return [finding for finding in findings if finding.status in self.failing]

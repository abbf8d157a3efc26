"""The metrics of runs: how they ended, their steps, how long tools took."""

from wattos_platform.kernel.telemetry import Meter
from wattos_platform.services.agent.domain.records import RunStatus, StepKind, StepResult


class RunMeters:
    """Counts runs; labels are roles and tools, of which the code bounds the number."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def ended(self, role: str, status: RunStatus) -> None:
        """Count a run that ended."""
        self._meter.counter("agent_runs_total", role=role, status=str(status)).inc()

    def step(self, role: str, kind: StepKind, result: StepResult) -> None:
        """Count a step that was done."""
        self._meter.counter("agent_steps_total", role=role, kind=str(kind), outcome=_outcome(result)).inc()

    def tool(self, name: str, result: StepResult, took_s: float) -> None:
        """Count one call of a tool."""
        self._meter.histogram("agent_tool_duration_seconds", tool=name, outcome=_outcome(result)).observe(
            took_s
        )


def _outcome(result: StepResult) -> str:
    return "failure" if result.failure else "success"

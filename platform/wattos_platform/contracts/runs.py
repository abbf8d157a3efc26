"""What the agent service answers about roles, runs, steps and key figures."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from wattos_platform.contracts.chat import Citation

RunStatus = Literal["pending", "running", "waiting_approval", "completed", "failed", "cancelled"]
StepKind = Literal["plan", "tool", "model"]
StepStatus = Literal["running", "completed", "failed"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Failure(_Answer):
    """Why a run or a step failed; `code` is stable."""

    code: str
    message: str


class ToolState(_Answer):
    """A tool of a role; one that is not available is named, and never pretended."""

    name: str
    available: bool


class Role(_Answer):
    """A role of agents. `kpi_targets` are figures that the organisation aims at, times in seconds."""

    role: str
    name: str
    description: str
    tools: list[ToolState]
    guardrails: list[str]
    approvals: list[str]
    max_cost_usd: float
    max_steps: int
    pii_redaction: bool
    kpi_targets: dict[str, float]


class RoleList(_Answer):
    """GET /api/v1/agents."""

    items: list[Role]


class RunAccepted(_Answer):
    """POST /api/v1/agents/{role}/runs, answered with 202."""

    id: str
    role: str
    status: RunStatus


class RunStep(_Answer):
    """One step of a run; `attempts` above 1 means that a process died in the middle of it."""

    number: int
    kind: StepKind
    name: str
    status: StepStatus
    input: dict[str, Any]
    output: dict[str, Any] | None
    error: Failure | None
    attempts: int
    cost_usd: float
    started_at: str
    finished_at: str | None


class Run(_Answer):
    """A run; `steps` only where a single run is asked for."""

    id: str
    role: str
    status: RunStatus
    input: str
    knowledge_space_id: str | None
    output: str | None
    model: str | None
    citations: list[Citation]
    degraded: list[str]
    unavailable_tools: list[str]
    error: Failure | None
    cost_usd: float
    usage: dict[str, int]
    created_at: str
    started_at: str | None
    finished_at: str | None
    steps: list[RunStep] | None = None


class StepList(_Answer):
    """GET /api/v1/runs/{id}/steps."""

    items: list[RunStep]


class RunPage(_Answer):
    """GET /api/v1/runs."""

    items: list[Run]
    next_cursor: str | None


class RunCounts(_Answer):
    """How many runs are in which state."""

    total: int = 0
    pending: int = 0
    running: int = 0
    waiting_approval: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0


class RoleKpi(_Answer):
    """Key figures of a role in a tenant; null where there is nothing to divide by, never NaN."""

    schema_: str = Field(default="wattos.agent-kpi/v1", alias="schema")
    role: str
    start: str | None
    end: str | None
    runs: RunCounts
    success_rate: float | None
    average_duration_s: float | None
    average_cost_usd: float | None
    average_steps: float | None
    targets: dict[str, float]

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

"""The records of a run. Instants are seconds since the epoch, costs are US dollars in Decimal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class RunStatus(StrEnum):
    """How far a run is; the last three are final."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING_APPROVAL = "waiting_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Return whether nothing will change any more."""
        return self in {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}


class StepKind(StrEnum):
    """What a step does."""

    PLAN = "plan"
    TOOL = "tool"
    MODEL = "model"


class StepStatus(StrEnum):
    """How far a step is; a step still `RUNNING` when its process died is done again."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who started a run; nobody else sees it, and its work is signed with this name."""

    tenant: str
    user: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed; `code` is stable, `message` is written for the caller."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What a step or a run cost."""

    cost_usd: Decimal = Decimal(0)
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.cost_usd + other.cost_usd,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended; a failed one has a failure."""

    output: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `number` counts from 1, `result` is None while it runs."""

    number: int
    kind: StepKind
    name: str
    input: Mapping[str, Any]
    result: StepResult | None
    attempts: int
    started_at: float
    finished_at: float | None

    @property
    def status(self) -> StepStatus:
        """Return how far the step is."""
        if self.result is None:
            return StepStatus.RUNNING
        return StepStatus.COMPLETED if self.result.failure is None else StepStatus.FAILED


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended."""

    status: RunStatus
    output: str | None = None
    model: str | None = None
    citations: Sequence[Mapping[str, Any]] = ()
    degraded: Sequence[str] = ()
    unavailable_tools: Sequence[str] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a role; `spent` is the sum over its own steps and nothing else."""

    id: str
    owner: Owner
    role: str
    input: str
    knowledge_space_id: str | None
    created_at: float
    request_id: str
    outcome: RunOutcome = field(default_factory=lambda: RunOutcome(RunStatus.PENDING))
    spent: Spent = field(default_factory=Spent)
    started_at: float | None = None
    finished_at: float | None = None

    @property
    def status(self) -> RunStatus:
        """Return how far the run is."""
        return self.outcome.status

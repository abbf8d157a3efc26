"""What agent needs of the world: a place for runs, tools, a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wattos_platform.kernel.idempotency import RequestKey
from wattos_platform.services.agent.domain.figures import Totals
from wattos_platform.services.agent.domain.progress import ToolCall
from wattos_platform.services.agent.domain.records import (
    Owner,
    Run,
    RunOutcome,
    Spent,
    Step,
    StepKind,
    StepResult,
)


class TooManyRunsError(Exception):
    """The tenant has as many unfinished runs as it may."""


class LeaseLostError(Exception):
    """Another process has taken the run over; this one must not touch it any more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a run until its lease ends; `epoch` grows with every claim of the run."""

    run: Run
    epoch: int


class RunStore(Protocol):
    """Runs of owners; what is another's does not exist."""

    async def create(self, run: Run, key: RequestKey | None) -> Run:
        """Store `run`, or return the one `key` made before; TooManyRunsError, KeyReusedError."""

    async def get(self, owner: Owner, run_id: str) -> Run | None:
        """Return a run, None if the owner has no such."""

    async def page(self, owner: Owner, after: tuple[float, str] | None, limit: int) -> list[Run]:
        """Return up to `limit` runs, newest first, behind `after` (created_at, id)."""

    async def steps(self, run_id: str) -> list[Step]:
        """Return the steps of a run in order; the caller has checked that the run is the owner's."""

    async def cancel(self, owner: Owner, run_id: str) -> Run | None:
        """Cancel a run that waits, ask one that runs to end, leave an ended one; return how it is."""

    async def delete(self, owner: Owner, run_id: str) -> Run | None:
        """Delete a run that has ended with its steps, leave any other; return how it was."""

    async def totals(self, tenant: str, role: str, start: float | None, end: float | None) -> Totals:
        """Return the sums over a tenant's runs of `role` that were created from `start` to before `end`."""


class WorkStore(Protocol):
    """Runs as work: claimed by one process at a time, written step by step."""

    async def claim(self) -> Claim | None:
        """Take the oldest run that waits or whose process died; None when there is none."""

    async def renew(self, claim: Claim) -> bool:
        """Prolong the lease; return whether somebody wants the run to end. LeaseLostError."""

    async def begin_step(
        self, claim: Claim, number: int, kind: StepKind, name: str, given: Mapping[str, Any]
    ) -> None:
        """Store that a step has begun, or has begun again after a crash. LeaseLostError."""

    async def end_step(self, claim: Claim, number: int, result: StepResult) -> None:
        """Store how a step ended and add what it cost to the run. LeaseLostError."""

    async def end_run(self, claim: Claim, outcome: RunOutcome) -> None:
        """Store how the run ended. LeaseLostError."""

    async def release(self, claim: Claim) -> None:
        """Give the run back unfinished, so that the next process goes on with it at once."""


class Tool(Protocol):
    """Something an agent can do."""

    @property
    def name(self) -> str:
        """Return the name that roles use."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the JSON schema of the arguments, with a description for the model."""

    async def call(self, run: Run, call: ToolCall, /) -> StepResult:
        """Do it. What fails is a result with a failure, so that the model is told."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What the model said: a text, or tools to call first."""

    content: str
    calls: Sequence[ToolCall] = ()
    model: str | None = None
    used_ids: Sequence[str] = ()
    degraded: Sequence[str] = ()
    spent: Spent = field(default_factory=Spent)


class Model(Protocol):
    """A language model behind the model gateway."""

    async def ask(
        self,
        messages: Sequence[Mapping[str, Any]],
        passages: Sequence[Mapping[str, Any]] | None,
        tools: Sequence[Tool],
    ) -> ModelAnswer:
        """Return the answer; ServiceError when there is none."""

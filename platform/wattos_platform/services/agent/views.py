"""What callers of agent see of its records, in the shapes of contracts.runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wattos_platform.contracts.chat import Citation
from wattos_platform.contracts.runs import Failure as FailureView
from wattos_platform.contracts.runs import Role as RoleView
from wattos_platform.contracts.runs import RoleKpi, RunCounts, RunStep, ToolState
from wattos_platform.contracts.runs import Run as RunView
from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.agent.domain.figures import Totals, figures
from wattos_platform.services.agent.domain.records import Failure, Run, Step
from wattos_platform.services.agent.domain.roles import Role
from wattos_platform.services.agent.ports import Tool


def role_view(role: Role, tools: Mapping[str, Tool]) -> RoleView:
    """Return a role; a tool that is not in `tools` is marked as not available."""
    return RoleView(
        role=role.id,
        name=role.name,
        description=role.description,
        tools=[ToolState(name=name, available=name in tools) for name in role.tools],
        guardrails=list(role.guardrails),
        approvals=list(role.approvals),
        max_cost_usd=float(role.max_cost_usd),
        max_steps=role.max_steps,
        pii_redaction=role.pii_redaction,
        kpi_targets=dict(role.kpi_targets),
    )


def run_view(run: Run, steps: Sequence[Step] | None = None) -> RunView:
    """Return a run, with its steps if they are given."""
    outcome = run.outcome
    return RunView(
        id=run.id,
        role=run.role,
        status=outcome.status.value,
        input=run.input,
        knowledge_space_id=run.knowledge_space_id,
        output=outcome.output,
        model=outcome.model,
        citations=[Citation.model_validate(citation) for citation in outcome.citations],
        degraded=list(outcome.degraded),
        unavailable_tools=list(outcome.unavailable_tools),
        error=_failure_view(outcome.failure),
        cost_usd=float(run.spent.cost_usd),
        usage={
            "prompt_tokens": run.spent.prompt_tokens,
            "completion_tokens": run.spent.completion_tokens,
            "total_tokens": run.spent.prompt_tokens + run.spent.completion_tokens,
        },
        created_at=rfc3339(run.created_at),
        started_at=_instant(run.started_at),
        finished_at=_instant(run.finished_at),
        steps=None if steps is None else [step_view(step) for step in steps],
    )


def step_view(step: Step) -> RunStep:
    """Return a step."""
    result = step.result
    return RunStep(
        number=step.number,
        kind=step.kind.value,
        name=step.name,
        status=step.status.value,
        input=dict(step.input),
        output=None if result is None else dict(result.output),
        error=None if result is None else _failure_view(result.failure),
        attempts=step.attempts,
        cost_usd=0.0 if result is None else float(result.spent.cost_usd),
        started_at=rfc3339(step.started_at),
        finished_at=_instant(step.finished_at),
    )


def kpi_view(role: Role, totals: Totals, start: datetime | None, end: datetime | None) -> RoleKpi:
    """Return the key figures of a role."""
    averages = figures(totals)
    counts = {status.value: count for status, count in totals.counts.items()}
    return RoleKpi(
        role=role.id,
        start=None if start is None else rfc3339(start.timestamp()),
        end=None if end is None else rfc3339(end.timestamp()),
        runs=RunCounts(total=sum(counts.values()), **counts),
        success_rate=averages.success_rate,
        average_duration_s=averages.average_duration_s,
        average_cost_usd=averages.average_cost_usd,
        average_steps=averages.average_steps,
        targets=dict(role.kpi_targets),
    )


def _failure_view(failure: Failure | None) -> FailureView | None:
    return None if failure is None else FailureView(code=failure.code, message=failure.message)


def _instant(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)

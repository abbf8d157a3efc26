"""From rows to records and back."""

from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping

from wattos_platform.services.agent.domain.records import (
    Failure,
    Owner,
    Run,
    RunOutcome,
    RunStatus,
    Spent,
    Step,
    StepKind,
    StepResult,
    StepStatus,
)


def run_of(row: RowMapping) -> Run:
    """Return the run in a row of `runs`."""
    return Run(
        id=row["id"],
        owner=Owner(row["tenant"], row["user_id"]),
        role=row["role"],
        input=row["input"],
        knowledge_space_id=row["knowledge_space_id"],
        created_at=row["created_at"],
        request_id=row["request_id"],
        outcome=RunOutcome(
            status=RunStatus(row["status"]),
            output=row["output"],
            model=row["model"],
            citations=tuple(row["citations"]),
            degraded=tuple(row["degraded"]),
            unavailable_tools=tuple(row["unavailable_tools"]),
            failure=_failure_of(row),
        ),
        spent=_spent_of(row),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )


def step_of(row: RowMapping) -> Step:
    """Return the step in a row of `steps`."""
    running = StepStatus(row["status"]) is StepStatus.RUNNING
    result = None if running else StepResult(row["output"] or {}, _failure_of(row), _spent_of(row))
    return Step(
        number=row["number"],
        kind=StepKind(row["kind"]),
        name=row["name"],
        input=row["input"],
        result=result,
        attempts=row["attempts"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )


def outcome_values(outcome: RunOutcome) -> dict[str, Any]:
    """Return the columns of `runs` that hold `outcome`."""
    failure = outcome.failure
    return {
        "status": str(outcome.status),
        "output": outcome.output,
        "model": outcome.model,
        "citations": [dict(citation) for citation in outcome.citations],
        "degraded": list(outcome.degraded),
        "unavailable_tools": list(outcome.unavailable_tools),
        "error_code": failure.code if failure else None,
        "error_message": failure.message if failure else None,
    }


def spent_values(spent: Spent) -> dict[str, Any]:
    """Return the columns that hold `spent`."""
    return {
        "cost_usd": str(spent.cost_usd),
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
    }


def _spent_of(row: RowMapping) -> Spent:
    return Spent(Decimal(row["cost_usd"]), row["prompt_tokens"], row["completion_tokens"])


def _failure_of(row: RowMapping) -> Failure | None:
    return None if row["error_code"] is None else Failure(row["error_code"], row["error_message"] or "")

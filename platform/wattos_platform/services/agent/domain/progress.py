"""The state machine of a run: from what is done to what comes next, so that any process can go on with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wattos_platform.services.agent.domain.records import Failure, Run, Step, StepKind
from wattos_platform.services.agent.domain.roles import Role

RETRIEVAL = "retrieval"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool to call; `id` is the model's, or `plan-N` for a call of the plan."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MakePlan:
    """Decide which tools are called before the model is asked."""


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask the model with all that is known."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The last model step is the answer."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The run may not go on."""

    failure: Failure


Action = MakePlan | ToolCall | AskModel | Finish | Stop


def next_action(role: Role, run: Run, steps: Sequence[Step]) -> Action:
    """Return what comes after the ended `steps`; steps that still run count as not begun."""
    done = [step for step in steps if step.result is not None]
    if not done:
        return MakePlan()
    failed = _fatal(done)
    if failed is not None:
        return Stop(failed)
    call = _open_call(done)
    if call is None and done[-1].kind is StepKind.MODEL:
        return Finish()
    limit = _limit(role, run, done)
    if limit is not None:
        return Stop(limit)
    return call or AskModel()


def plan(role: Role, run: Run, query: str) -> list[ToolCall]:
    """Return the calls to make before the model is asked: a search, when the run has somewhere to search."""
    if run.knowledge_space_id is None or RETRIEVAL not in role.tools:
        return []
    return [ToolCall("plan-1", RETRIEVAL, {"query": query})]


def calls_of(step: Step) -> list[ToolCall]:
    """Return the tool calls that a plan or model step asked for."""
    output = step.result.output if step.result is not None else {}
    return [ToolCall(str(c["id"]), str(c["name"]), dict(c["arguments"])) for c in output.get("calls", ())]


def _fatal(done: Sequence[Step]) -> Failure | None:
    """Return the failure of a step without which a run cannot go on; a failed tool is told to the model."""
    for step in done:
        if step.kind is not StepKind.TOOL and step.result is not None and step.result.failure is not None:
            return step.result.failure
    return None


def _open_call(done: Sequence[Step]) -> ToolCall | None:
    answered = {step.input.get("call_id") for step in done if step.kind is StepKind.TOOL}
    for step in done:
        for call in calls_of(step):
            if call.id not in answered:
                return call
    return None


def _limit(role: Role, run: Run, done: Sequence[Step]) -> Failure | None:
    if len(done) >= role.max_steps:
        return Failure(
            "step_limit_reached", f"The run was stopped after {role.max_steps} steps, the limit of {role.id}."
        )
    if run.spent.cost_usd >= role.max_cost_usd and any(step.kind is StepKind.MODEL for step in done):
        return Failure(
            "cost_limit_reached",
            f"The run was stopped at {run.spent.cost_usd} USD; {role.id} may spend {role.max_cost_usd} USD.",
        )
    return None

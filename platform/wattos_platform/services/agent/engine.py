"""Carries a claimed run through its steps, each stored before and after it is done."""

import time
from collections.abc import Callable, Mapping, Sequence

from wattos_platform.kernel.context import renew
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.personal_data import without_personal_data
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.agent.domain.progress import (
    RETRIEVAL,
    AskModel,
    Finish,
    MakePlan,
    Stop,
    ToolCall,
    next_action,
    plan,
)
from wattos_platform.services.agent.domain.prompt import conversation, passages
from wattos_platform.services.agent.domain.records import (
    Failure,
    Run,
    RunOutcome,
    RunStatus,
    Step,
    StepKind,
    StepResult,
)
from wattos_platform.services.agent.domain.roles import Role
from wattos_platform.services.agent.ports import Claim, Model, RunStore, Tool, WorkStore
from wattos_platform.services.agent.run_meters import RunMeters

_PLAN = "plan"
_MODEL = "answer"


class Engine:
    """Executes runs of `roles` with `tools`, by name; a tool that is not among them is not available."""

    def __init__(
        self,
        *,
        roles: Mapping[str, Role],
        tools: Mapping[str, Tool],
        model: Model,
        runs: RunStore,
        work: WorkStore,
        log: Log,
        meters: RunMeters,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._roles = roles
        self._tools = tools
        self._model = model
        self._runs = runs
        self._work = work
        self._log = log
        self._meters = meters
        self._monotonic = monotonic

    async def execute(self, claim: Claim) -> None:
        """Do what is left of the run and store how it ended. LeaseLostError once another process has it."""
        role = self._roles.get(claim.run.role)
        if role is None:
            await self._end(
                claim, _failed("role_unknown", f"The role {claim.run.role!r} is not defined any more.")
            )
            return
        while True:
            steps = await self._runs.steps(claim.run.id)
            run = await self._runs.get(claim.run.owner, claim.run.id) or claim.run
            action = next_action(role, run, steps)
            done = [step for step in steps if step.result is not None]
            if isinstance(action, Stop):
                await self._end(claim, self._stopped(role, done, action.failure))
                return
            if isinstance(action, Finish):
                await self._end(claim, self._finished(role, done))
                return
            await self._step(claim, role, done, action)

    async def cancelled(self, claim: Claim) -> None:
        """Store that the run was cancelled. LeaseLostError."""
        await self._end(claim, RunOutcome(RunStatus.CANCELLED))

    async def failed(self, claim: Claim, error: BaseException) -> None:
        """Store that a bug ended the run, so that it does not stay `running` for ever. LeaseLostError."""
        self._log.error("run.failed", message="A run failed.", run_id=claim.run.id, exc_info=error)
        await self._end(
            claim, _failed("internal_error", "The run failed; the service's log holds the reason.")
        )

    def unavailable(self, role: Role) -> list[str]:
        """Return the tools of `role` that cannot be used here."""
        return [name for name in role.tools if name not in self._tools]

    async def _step(
        self, claim: Claim, role: Role, done: Sequence[Step], action: MakePlan | ToolCall | AskModel
    ) -> None:
        # A run may take as long as its steps allow; each of them has the time of one.
        renew()
        number = len(done) + 1
        task = without_personal_data(claim.run.input) if role.pii_redaction else claim.run.input
        if isinstance(action, ToolCall):
            given = {"call_id": action.id, "arguments": action.arguments}
            kind = StepKind.TOOL
            await self._work.begin_step(claim, number, kind, action.name, given)
            result = await self._call_tool(claim.run, role, action)
        elif isinstance(action, AskModel):
            kind = StepKind.MODEL
            await self._work.begin_step(claim, number, kind, _MODEL, {})
            result = await self._ask(claim.run, role, task, done)
        else:
            kind = StepKind.PLAN
            await self._work.begin_step(claim, number, kind, _PLAN, {"task": task})
            result = self._plan(claim.run, role, task)
        await self._work.end_step(claim, number, result)
        self._meters.step(role.id, kind, result)
        self._log.info(
            "run.step.completed",
            message=f"Step {number} of a run ended.",
            run_id=claim.run.id,
            step=number,
            failure=result.failure.code if result.failure else None,
        )

    def _plan(self, run: Run, role: Role, task: str) -> StepResult:
        calls = plan(role, run, task)
        return StepResult(
            {
                "calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls],
                "unavailable_tools": self.unavailable(role),
            }
        )

    async def _call_tool(self, run: Run, role: Role, call: ToolCall) -> StepResult:
        tool = self._tools.get(call.name)
        if call.name not in role.tools:
            return _failed_step("tool_not_allowed", f"The role {role.id} has no tool {call.name!r}.")
        if tool is None:
            return _failed_step(
                "tool_unavailable", f"The tool {call.name!r} is not available in this version."
            )
        begin = self._monotonic()
        try:
            result = await tool.call(run, call)
        except ServiceError as error:
            result = _failed_step(error.code, error.message)
        self._meters.tool(tool.name, result, self._monotonic() - begin)
        return result

    async def _ask(self, run: Run, role: Role, task: str, done: Sequence[Step]) -> StepResult:
        tools = [self._tools[name] for name in role.tools if name in self._tools]
        if run.knowledge_space_id is None:
            tools = [tool for tool in tools if tool.name != RETRIEVAL]
        messages = conversation(role, task, done, self.unavailable(role))
        try:
            answer = await self._model.ask(messages, passages(done), tools)
        except ServiceError as error:
            return _failed_step(error.code, error.message)
        output = {
            "content": answer.content,
            "model": answer.model,
            "used_ids": list(answer.used_ids),
            "degraded": list(answer.degraded),
            "calls": [
                {"id": call.id, "name": call.name, "arguments": call.arguments} for call in answer.calls
            ],
        }
        return StepResult(output, spent=answer.spent)

    def _finished(self, role: Role, done: Sequence[Step]) -> RunOutcome:
        output = done[-1].result.output if done[-1].result is not None else {}
        found = {passage["id"]: passage for passage in passages(done) or ()}
        return RunOutcome(
            RunStatus.COMPLETED,
            output=output.get("content"),
            model=output.get("model"),
            citations=[found[used] for used in dict.fromkeys(output.get("used_ids", ())) if used in found],
            degraded=_degraded(done),
            unavailable_tools=self.unavailable(role),
        )

    def _stopped(self, role: Role, done: Sequence[Step], failure: Failure) -> RunOutcome:
        return RunOutcome(
            RunStatus.FAILED,
            failure=failure,
            degraded=_degraded(done),
            unavailable_tools=self.unavailable(role),
        )

    async def _end(self, claim: Claim, outcome: RunOutcome) -> None:
        await self._work.end_run(claim, outcome)
        self._meters.ended(claim.run.role, outcome.status)
        self._log.info(
            "run.finished",
            message=f"A run is {outcome.status}.",
            run_id=claim.run.id,
            role=claim.run.role,
            status=str(outcome.status),
            error_code=outcome.failure.code if outcome.failure else None,
        )


def _failed_step(code: str, message: str) -> StepResult:
    return StepResult(failure=Failure(code, message))


def _failed(code: str, message: str) -> RunOutcome:
    return RunOutcome(RunStatus.FAILED, failure=Failure(code, message))


def _degraded(done: Sequence[Step]) -> list[str]:
    """Return what the run had to do without, as its steps say."""
    names: list[str] = []
    for step in done:
        if step.result is None:
            continue
        names += step.result.output.get("degraded", ())
    return list(dict.fromkeys(names))

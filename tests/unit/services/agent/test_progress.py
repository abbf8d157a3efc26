"""The state machine of a run: what comes next is decided by what is stored, and by nothing else."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from wattos_platform.services.agent.adapters.role_file import bundled_roles
from wattos_platform.services.agent.domain.figures import Figures, Totals, figures
from wattos_platform.services.agent.domain.progress import (
    AskModel,
    Finish,
    MakePlan,
    Stop,
    ToolCall,
    next_action,
    plan,
)
from wattos_platform.services.agent.domain.prompt import conversation, instructions, passages
from wattos_platform.services.agent.domain.records import (
    Failure,
    Owner,
    Run,
    RunStatus,
    Spent,
    Step,
    StepKind,
    StepResult,
)
from wattos_platform.services.agent.domain.roles import Role, RoleError, parse_roles

ROLE = bundled_roles()["it-support"]
RUN = Run("r", Owner("t", "u"), "it-support", "Printer?", "space-1", 0.0, "request-1")
CALL = {"id": "plan-1", "name": "retrieval", "arguments": {"query": "Printer?"}}


def step(number: int, kind: StepKind, output: dict[str, Any] | None, **more: Any) -> Step:
    result = None if output is None else StepResult(output, failure=more.pop("failure", None))
    return Step(number, kind, more.pop("name", str(kind)), more.pop("given", {}), result, 1, 0.0, 1.0)


PLANNED = step(1, StepKind.PLAN, {"calls": [CALL]})
SEARCHED = step(2, StepKind.TOOL, {"passages": []}, given={"call_id": "plan-1"}, name="retrieval")
ANSWERED = step(3, StepKind.MODEL, {"content": "Restart it.", "calls": []})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([], MakePlan(), id="nothing-yet"),
        pytest.param([step(1, StepKind.PLAN, None)], MakePlan(), id="plan-half-done-is-done-again"),
        pytest.param([PLANNED], ToolCall("plan-1", "retrieval", {"query": "Printer?"}), id="planned-call"),
        pytest.param([step(1, StepKind.PLAN, {"calls": []})], AskModel(), id="nothing-planned"),
        pytest.param([PLANNED, SEARCHED], AskModel(), id="searched"),
        pytest.param([PLANNED, SEARCHED, step(3, StepKind.MODEL, None)], AskModel(), id="answer-half-done"),
        pytest.param([PLANNED, SEARCHED, ANSWERED], Finish(), id="answered"),
        pytest.param(
            [PLANNED, step(2, StepKind.TOOL, {}, given={"call_id": "plan-1"}, failure=Failure("x", "down"))],
            AskModel(),
            id="a-failed-tool-is-told-to-the-model",
        ),
        pytest.param(
            [PLANNED, SEARCHED, step(3, StepKind.MODEL, {}, failure=Failure("model_unavailable", "down"))],
            Stop(Failure("model_unavailable", "down")),
            id="a-failed-model-ends-the-run[defect-69]",
        ),
        pytest.param(
            [PLANNED, SEARCHED, step(3, StepKind.MODEL, {"calls": [{**CALL, "id": "c1"}]})],
            ToolCall("c1", "retrieval", {"query": "Printer?"}),
            id="the-model-wants-a-tool",
        ),
    ],
)
def test_what_comes_next(steps: list[Step], expected: object) -> None:
    assert next_action(ROLE, RUN, steps) == expected


def test_the_step_limit_ends_a_run_that_calls_tools_for_ever() -> None:
    role = replace(ROLE, max_steps=4)
    asked = step(3, StepKind.MODEL, {"calls": [{**CALL, "id": "c1"}]})
    again = step(4, StepKind.TOOL, {}, given={"call_id": "c1"})
    action = next_action(role, RUN, [PLANNED, SEARCHED, asked, again])
    assert isinstance(action, Stop)
    assert action.failure.code == "step_limit_reached"
    assert next_action(role, RUN, [PLANNED, SEARCHED, step(3, StepKind.MODEL, {"content": "x"})]) == Finish()


@pytest.mark.parametrize(
    ("spent", "stops"),
    [
        pytest.param("0.49", False, id="below"),
        pytest.param("0.50", True, id="at-the-limit[defect-69]"),
        pytest.param("0.51", True, id="above[defect-69]"),
    ],
)
def test_the_cost_limit_is_enforced_before_the_next_step(spent: str, stops: bool) -> None:
    run = replace(RUN, spent=Spent(Decimal(spent)))
    asked = step(3, StepKind.MODEL, {"calls": [{**CALL, "id": "c1"}]})
    action = next_action(ROLE, run, [PLANNED, SEARCHED, asked])
    assert isinstance(action, Stop) is stops
    # An answer that is already paid for is not thrown away.
    assert next_action(ROLE, run, [PLANNED, SEARCHED, ANSWERED]) == Finish()


def test_without_a_space_nothing_is_searched() -> None:
    assert plan(ROLE, replace(RUN, knowledge_space_id=None), "x") == []
    assert plan(replace(ROLE, tools=()), RUN, "x") == []


def test_the_model_is_told_the_rules_and_what_it_cannot_do() -> None:
    text = instructions(ROLE, ["jira_create_ticket"])
    for needle in (*ROLE.guardrails, *ROLE.approvals, "jira_create_ticket", "not available"):
        assert needle in text


def test_tool_calls_and_their_results_stand_in_their_places() -> None:
    asked = step(3, StepKind.MODEL, {"content": "", "calls": [{**CALL, "id": "c1"}]})
    failed = step(
        4, StepKind.TOOL, {}, given={"call_id": "c1"}, failure=Failure("tool_unavailable", "not here")
    )
    messages = conversation(ROLE, "Printer?", [PLANNED, SEARCHED, asked, failed], [])
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool"]
    assert messages[2]["tool_calls"][0]["function"]["name"] == "retrieval"
    assert (messages[3]["tool_call_id"], messages[3]["content"]) == ("c1", "The tool failed: not here")


def test_passages_of_all_searches_are_joined_once_each() -> None:
    first = step(2, StepKind.TOOL, {"passages": [{"id": "a"}, {"id": "b"}]}, name="retrieval")
    second = step(3, StepKind.TOOL, {"passages": [{"id": "b"}, {"id": "c"}]}, name="retrieval")
    failed = step(4, StepKind.TOOL, {}, name="retrieval", failure=Failure("x", "y"))
    assert passages([PLANNED]) is None
    assert passages([failed]) is None
    assert [each["id"] for each in passages([first, second, failed]) or ()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({}, Figures(None, None, None, None), id="no-runs[defect-70]"),
        pytest.param(
            {RunStatus.CANCELLED: 3}, Figures(None, None, None, None), id="only-cancelled[defect-70]"
        ),
        pytest.param(
            {RunStatus.COMPLETED: 3, RunStatus.FAILED: 1, RunStatus.CANCELLED: 9},
            Figures(0.75, 2.0, 0.05, 3.0),
            id="some",
        ),
    ],
)
def test_figures_are_null_and_never_nan(counts: dict[RunStatus, int], expected: Figures) -> None:
    assert figures(Totals(counts, duration_s=8.0, cost_usd=Decimal("0.2"), steps=12)) == expected


def test_the_five_roles_have_the_limits_of_the_original() -> None:
    roles = bundled_roles()
    assert {name: str(role.max_cost_usd) for name, role in roles.items()} == {
        "it-support": "0.5",
        "sales-backoffice": "0.3",
        "meeting": "0.2",
        "marketing": "0.4",
        "legal": "0.6",
    }
    for role in roles.values():
        assert len(role.guardrails) == 3
        assert role.approvals
        assert role.pii_redaction
        assert "retrieval" in role.tools


def valid() -> dict[str, Any]:
    return {
        "name": "X",
        "description": "Y",
        "tone": "Z",
        "expertise": [],
        "tools": [],
        "guardrails": [],
        "approvals": [],
        "max_cost_usd": 1,
    }


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"max_cost": 1}, "'max_cost'"),
        ({"max_cost_usd": "1"}, "max_cost_usd"),
        ({"max_cost_usd": True}, "max_cost_usd"),
        ({"max_cost_usd": -1}, "max_cost_usd"),
        ({"max_steps": 0}, "max_steps"),
        ({"tools": "retrieval"}, "tools"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_role_is_named_with_its_field(change: dict[str, Any], needle: str) -> None:
    with pytest.raises(RoleError, match="'mine'") as raised:
        parse_roles({"mine": {**valid(), **change}})
    assert needle in str(raised.value)


def test_a_missing_field_is_named() -> None:
    table = valid()
    del table["tone"]
    with pytest.raises(RoleError, match="'tone' is missing"):
        parse_roles({"mine": table})
    with pytest.raises(RoleError, match="must be a table"):
        parse_roles({"mine": 1})
    assert isinstance(parse_roles({"mine": valid()})["mine"], Role)

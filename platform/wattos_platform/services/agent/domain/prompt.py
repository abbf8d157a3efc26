"""What a run says to the model: the role, the task, what the tools answered."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wattos_platform.services.agent.domain.progress import RETRIEVAL, calls_of
from wattos_platform.services.agent.domain.records import Step, StepKind
from wattos_platform.services.agent.domain.roles import Role

MAX_PASSAGES = 20
_MAX_RESULT_CHARS = 8000


def instructions(role: Role, unavailable: Sequence[str]) -> str:
    """Return the system prompt of a role; tools that are not available are named, so that it can say so."""
    lines = [
        f"You are the {role.name} of this organisation. {role.description}",
        f"Your tone is {role.tone}. You know about {', '.join(role.expertise)}.",
        "Answer in the language of the task. Never claim to have done what no tool has done.",
        "Rules:",
        *(f"- {rule}" for rule in role.guardrails),
        f"- These need a person's approval first: {', '.join(role.approvals)}.",
    ]
    if unavailable:
        lines.append(
            f"These tools are not available here: {', '.join(unavailable)}. "
            "If the task needs one of them, say that it cannot be done."
        )
    return "\n".join(lines)


def conversation(
    role: Role, task: str, steps: Sequence[Step], unavailable: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the messages to send, in OpenAI's shape, tool calls and their results in their places."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": instructions(role, unavailable)},
        {"role": "user", "content": task},
    ]
    results = {step.input.get("call_id"): step for step in steps if step.kind is StepKind.TOOL}
    for step in steps:
        if step.kind is not StepKind.MODEL or step.result is None:
            continue
        calls = calls_of(step)
        if not calls:
            continue
        messages.append(
            {
                "role": "assistant",
                "content": step.result.output.get("content") or "",
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
                    }
                    for call in calls
                ],
            }
        )
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": _result_text(results.get(call.id))}
            for call in calls
        ]
    return messages


def passages(steps: Sequence[Step]) -> list[Mapping[str, Any]] | None:
    """Return what searches found, each passage once, at most 20; None when no search has answered."""
    searches = [
        step.result.output
        for step in steps
        if step.kind is StepKind.TOOL
        and step.name == RETRIEVAL
        and step.result is not None
        and step.result.failure is None
    ]
    if not searches:
        return None
    found = {passage["id"]: passage for output in searches for passage in output.get("passages", ())}
    return list(found.values())[:MAX_PASSAGES]


def _result_text(step: Step | None) -> str:
    if step is None or step.result is None:
        return "The tool has not answered."
    if step.result.failure is not None:
        return f"The tool failed: {step.result.failure.message}"
    return json.dumps(dict(step.result.output), ensure_ascii=False)[:_MAX_RESULT_CHARS]

"""The output items of a response."""

from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer, ToolCall
from wattos_platform.services.simulator.domain.reply import Head


def items(head: Head, answer: Answer) -> list[dict[str, Any]]:
    """Return the finished items: reasoning, then a function call or a message."""
    thoughts = [reasoning(head)] if answer.tokens.reasoning else []
    if answer.call is not None:
        return [*thoughts, function_call(head, answer.call, "".join(answer.call.pieces))]
    return [*thoughts, message(head, [text_part(answer.content)])]


def reasoning(head: Head) -> dict[str, Any]:
    """Return a reasoning item whose text stays with the provider."""
    return {"id": f"rs_{head.id}", "type": "reasoning", "summary": []}


def message(head: Head, content: list[dict[str, Any]], status: str = "completed") -> dict[str, Any]:
    """Return a message item."""
    return {
        "id": f"msg_{head.id}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def text_part(text: str) -> dict[str, Any]:
    """Return a part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def function_call(head: Head, call: ToolCall, arguments: str, status: str = "completed") -> dict[str, Any]:
    """Return a function call item."""
    return {
        "id": f"fc_{head.id}",
        "type": "function_call",
        "status": status,
        "call_id": f"call_{head.id}",
        "name": call.name,
        "arguments": arguments,
    }

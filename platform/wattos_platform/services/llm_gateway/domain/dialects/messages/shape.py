"""The message object of an answer: why it stopped and what it used, in Anthropic's terms."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain.dialects.head import Head
from wattos_platform.services.llm_gateway.domain.wire import Usage

_STOP_REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def message_of(
    head: Head, content: Sequence[Any], stop: Mapping[str, Any], usage: Usage | None
) -> dict[str, Any]:
    """Return the message object; `stop` is what `stop_of` says, `usage` None before anything was counted."""
    return {
        "id": f"msg_{head.bare_id}",
        "type": "message",
        "role": "assistant",
        "model": head.model,
        "content": content,
        **stop,
        "usage": usage_of(usage or Usage()),
        **head.extras,
    }


def stop_of(
    choice: Mapping[str, Any], asked: Mapping[str, Any], blocks: Sequence[Mapping[str, Any]], refusal: str
) -> dict[str, Any]:
    """Return `stop_reason` and `stop_sequence`, and with a `refusal` what it explains.

    A chat ends the same way at a stop sequence as by itself; some providers name the sequence beside it.
    """
    reason = _STOP_REASONS.get(str(choice.get("finish_reason") or ""), "end_turn")
    sequence = choice.get("stop_reason")
    if sequence not in (asked.get("stop_sequences") or ()):
        sequence = None
    if refusal:
        explained = {"type": "refusal", "explanation": refusal}
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": explained}
    if reason == "end_turn":
        if any(block["type"] == "tool_use" for block in blocks):
            reason = "tool_use"
        elif sequence is not None:
            reason = "stop_sequence"
    return {"stop_reason": reason, "stop_sequence": sequence if reason == "stop_sequence" else None}


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return the usage; here `input_tokens` are only those that no cache had a part in."""
    told = {
        "input_tokens": max(0, usage.prompt - usage.cached - usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
    }
    if usage.reasoning:
        return {**told, "output_tokens_details": {"thinking_tokens": usage.reasoning}}
    return told

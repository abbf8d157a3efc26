"""The response object: what was answered, and what of the request is told back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattos_platform.services.llm_gateway.domain.dialects.head import Head
from wattos_platform.services.llm_gateway.domain.wire import Usage

# An end that is none: why, in the words of a chat and in those of a response.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a response stands: in_progress, completed, incomplete or failed, and why."""

    status: str
    incomplete_reason: str | None = None
    error: Mapping[str, str] | None = None


IN_PROGRESS = Ending("in_progress")


def ending_of(finish_reason: str) -> Ending:
    """Return what a chat's `finish_reason` means for a response."""
    reason = _INCOMPLETE.get(finish_reason)
    return Ending("completed") if reason is None else Ending("incomplete", reason)


def failed(message: str) -> Ending:
    """Return the ending of a response that broke off."""
    return Ending("failed", error={"code": "server_error", "message": message})


def response_of(
    head: Head, asked: Mapping[str, Any], ending: Ending, output: Sequence[Any], usage: Usage | None
) -> dict[str, Any]:
    """Return the response object; `asked` is the request as the caller sent it."""
    reason = ending.incomplete_reason
    reasoning = asked.get("reasoning") or {}
    text = asked.get("text") or {}
    return {
        "id": f"resp_{head.bare_id}",
        "object": "response",
        "created_at": head.created,
        "status": ending.status,
        "background": False,
        "error": ending.error,
        "incomplete_details": None if reason is None else {"reason": reason},
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "max_tool_calls": asked.get("max_tool_calls"),
        "model": head.model,
        "output": output,
        "parallel_tool_calls": asked.get("parallel_tool_calls") is not False,
        "previous_response_id": None,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "store": False,
        "temperature": asked.get("temperature"),
        "text": {**text, "format": text.get("format") or {"type": "text"}},
        "tool_choice": asked.get("tool_choice") or "auto",
        "tools": asked.get("tools") or [],
        "top_p": asked.get("top_p"),
        "truncation": asked.get("truncation") or "disabled",
        "usage": None if usage is None else _usage(usage),
        "user": asked.get("user"),
        "metadata": asked.get("metadata") or {},
        **head.extras,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }

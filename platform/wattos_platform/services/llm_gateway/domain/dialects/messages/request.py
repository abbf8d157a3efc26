"""A Messages request as the chat request that says the same."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from wattos_platform.services.llm_gateway.domain import fields
from wattos_platform.services.llm_gateway.domain.chat_request import (
    CONTEXT_FIELD,
    ChatRequest,
    model_of,
    parse_chat,
)
from wattos_platform.services.llm_gateway.domain.dialects.messages.blocks import messages_of
from wattos_platform.services.llm_gateway.domain.refusals import missing, wrong

_MOST_TOKENS = 10_000_000
# Hints on cost, speed and place: without them the answer is the same.
_WITHOUT_EFFECT = (
    "cache_control",
    "context_management",
    "service_tier",
    "inference_geo",
    "speed",
    "diagnostics",
    "user_profile_id",
    "workspace_id",
)
_REFUSED = {
    "container": "this gateway has no containers; leave it out.",
    "mcp_servers": "this gateway connects to no MCP servers; offer their tools as your own.",
}
_TRANSLATED = (
    "model",
    "messages",
    "system",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "stream",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "metadata",
    CONTEXT_FIELD,
)
_KNOWN = frozenset({*_WITHOUT_EFFECT, *_REFUSED, *_TRANSLATED})
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_THINKING = frozenset({"enabled", "disabled", "adaptive", "between_tools"})
# A budget of thinking tokens as the effort that a chat knows.
_EFFORTS = ((4096, "low"), (16_384, "medium"))
_SERVER_TOOL = "Anthropic runs such tools itself, this gateway cannot; offer it as a tool of your own."


def parse_messages(given: Any) -> ChatRequest:
    """Return a decoded body as a chat request; Refusal 400 that names the first wrong field."""
    body = fields.whole(given)
    if body.get("max_tokens") is None:
        raise missing("max_tokens")
    return _parsed(body)


def parse_count(given: Any) -> ChatRequest:
    """Return the body of a request to count its tokens, which needs no `max_tokens`."""
    return _parsed(fields.whole(given))


def _parsed(body: Mapping[str, Any]) -> ChatRequest:
    fields.only(body, _KNOWN)
    for name, reason in _REFUSED.items():
        if body.get(name):
            raise fields.unsupported(name, reason)
    chat = {
        "model": model_of(body),
        "messages": messages_of(body),
        "max_completion_tokens": fields.count(body, "max_tokens", 1, _MOST_TOKENS),
        "temperature": fields.number(body, "temperature", 0, 1),
        "top_p": fields.number(body, "top_p", 0, 1),
        "top_k": fields.count(body, "top_k", 0, _MOST_TOKENS),
        "stop": fields.texts(body, "stop_sequences") or None,
        "stream": fields.flag(body, "stream"),
        "user": fields.text(fields.mapping(body, "metadata") or {}, "user_id", "metadata"),
        CONTEXT_FIELD: body.get(CONTEXT_FIELD),
        **_tools(body),
        **_output(fields.mapping(body, "output_config") or {}, _thinking_effort(body)),
    }
    kept = {name: value for name, value in chat.items() if value is not None}
    return replace(parse_chat(kept), dialect="messages", asked=body)


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    tools = [_function(tool, at) for at, tool in fields.objects(body, "tools") or ()]
    choice = fields.mapping(body, "tool_choice")
    if choice is None:
        return {"tools": tools or None}
    kind = fields.choice(choice, "type", {*_CHOICES, "tool"}, "tool_choice")
    if kind is None:
        raise missing("tool_choice.type")
    if not tools and kind not in ("auto", "none"):
        raise wrong("tool_choice", "is allowed only together with tools")
    wanted: Any = _CHOICES.get(kind)
    if wanted is None:
        named = fields.name(choice, "name", "tool_choice")
        wanted = {"type": "function", "function": {"name": named}}
    one = fields.flag(choice, "disable_parallel_tool_use", "tool_choice")
    if not tools:
        return {}
    return {"tools": tools, "tool_choice": wanted, "parallel_tool_calls": False if one else None}


def _function(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    if tool.get("type") not in (None, "custom"):
        raise fields.unsupported(f"{at}.type", _SERVER_TOOL)
    named = {
        "name": fields.name(tool, "name", at),
        "description": fields.text(tool, "description", at),
        "parameters": fields.mapping(tool, "input_schema", at),
        "strict": fields.flag(tool, "strict", at),
    }
    if named["parameters"] is None:
        raise missing(f"{at}.input_schema")
    return {
        "type": "function",
        "function": {name: value for name, value in named.items() if value is not None},
    }


def _thinking_effort(body: Mapping[str, Any]) -> str | None:
    thinking = fields.mapping(body, "thinking")
    if thinking is None:
        return None
    if fields.choice(thinking, "type", _THINKING, "thinking") is None:
        raise missing("thinking.type")
    budget = thinking.get("budget_tokens")
    if thinking["type"] != "enabled":
        return None
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        raise wrong("thinking.budget_tokens", "must be a whole number of at least 1")
    return next((effort for most, effort in _EFFORTS if budget <= most), "high")


def _output(config: Mapping[str, Any], effort: str | None) -> dict[str, Any]:
    """Return how the answer shall look, and how hard the model shall think: as told, else `effort`."""
    effort = fields.text(config, "effort", "output_config") or effort
    form = fields.mapping(config, "format", "output_config")
    if form is None:
        return {"reasoning_effort": effort}
    at = "output_config.format"
    if fields.choice(form, "type", {"json_schema"}, at) is None:
        raise missing(f"{at}.type")
    schema = fields.mapping(form, "schema", at)
    if schema is None:
        raise missing(f"{at}.schema")
    wanted = {"name": "answer", "schema": schema, "strict": True}
    return {"reasoning_effort": effort, "response_format": {"type": "json_schema", "json_schema": wanted}}

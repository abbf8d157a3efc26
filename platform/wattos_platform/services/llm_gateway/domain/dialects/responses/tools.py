"""Tools of a Responses request as those of a chat request."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain import fields
from wattos_platform.services.llm_gateway.domain.refusals import missing, wrong

_MODES = frozenset({"none", "auto", "required"})
_ONLY_FUNCTIONS = "OpenAI runs such tools itself, this gateway cannot; offer it as a function of your own."


def tools_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the functions that may be called; Refusal for every tool that is none."""
    return [_function(tool, at) for at, tool in fields.objects(body, "tools") or ()]


def tool_choice_of(
    body: Mapping[str, Any], tools: Sequence[Mapping[str, Any]]
) -> str | dict[str, Any] | None:
    """Return which of `tools` must be called; Refusal for a wish that names none of them."""
    given = body.get("tool_choice")
    if given is None or given in ("none", "auto"):
        return given
    if not tools:
        raise wrong("tool_choice", "is allowed only together with tools")
    if isinstance(given, str):
        return fields.choice(body, "tool_choice", _MODES)
    if not isinstance(given, dict):
        raise wrong("tool_choice", "must be none, auto, required or an object with a type")
    kind = given.get("type")
    if kind == "function":
        return _named(given, "tool_choice")
    if kind == "allowed_tools":
        mode = fields.choice(given, "mode", {"auto", "required"}, "tool_choice") or "auto"
        listed = fields.objects(given, "tools", "tool_choice") or ()
        allowed = [_named(tool, at) for at, tool in listed]
        return {"type": kind, "allowed_tools": {"mode": mode, "tools": allowed}}
    raise fields.unsupported("tool_choice.type", _ONLY_FUNCTIONS)


def _named(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise fields.unsupported(f"{at}.type", _ONLY_FUNCTIONS)
    return {"type": "function", "function": {"name": fields.name(tool, "name", at)}}


def _function(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    kind = tool.get("type")
    if kind is None:
        raise missing(f"{at}.type")
    if kind != "function":
        raise fields.unsupported(f"{at}.type", _ONLY_FUNCTIONS)
    named = {
        "name": fields.name(tool, "name", at),
        "description": fields.text(tool, "description", at),
        "parameters": fields.mapping(tool, "parameters", at),
        "strict": fields.flag(tool, "strict", at),
    }
    return {"type": kind, "function": {name: value for name, value in named.items() if value is not None}}

"""The functions that a caller of Gemini offers, and whether the model may call them."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.dialects.google.provider import either
from wattos_platform.services.simulator.domain.requests import Tool, mapping, mappings


def declarations(body: Mapping[str, Any]) -> list[Tool]:
    """Return the functions declared in all tools."""
    return [
        Tool(
            str(each["name"]),
            mapping(each.get("parameters") or either(each, "parametersJsonSchema", "parameters_json_schema")),
        )
        for tool in mappings(body.get("tools"))
        for each in mappings(either(tool, "functionDeclarations", "function_declarations"))
        if each.get("name")
    ]


def choice(body: Mapping[str, Any]) -> tuple[bool, str]:
    """Return (may call, must call) for the calling mode; of several allowed names the first is called."""
    config = mapping(either(body, "toolConfig", "tool_config"))
    calling = mapping(either(config, "functionCallingConfig", "function_calling_config"))
    mode = str(calling.get("mode") or "AUTO").upper()
    if mode == "ANY":
        allowed = either(calling, "allowedFunctionNames", "allowed_function_names")
        return True, str(allowed[0]) if isinstance(allowed, list) and allowed else "*"
    return mode != "NONE", ""

"""An OpenAI chat request as the body of generateContent."""

import re
from typing import Any

from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.formats.google import contents
from wattos_platform.services.llm_gateway.domain.formats.google.schema import cleaned
from wattos_platform.services.llm_gateway.domain.formats.honour import (
    Toolbox,
    cannot,
    refuse_unsaid,
    toolbox,
)
from wattos_platform.services.llm_gateway.domain.formats.openai_request import Function, OpenAIRequest, read

# Gemini's own fields, in the spelling of its REST API: passed on as they are.
NATIVE = frozenset({"cachedContent", "safetySettings"})
NATIVE_CONFIG = frozenset({"mediaResolution", "thinkingConfig", "topK"})
_SAID = NATIVE | NATIVE_CONFIG | {"n", "seed", "presence_penalty", "frequency_penalty", "top_k"}
_VERSION = re.compile(r"gemini-(\d{1,2})(?:\.\d{1,2})?")
_LEVELS_SINCE = 3
_LEVELS = {"none": "minimal", "xhigh": "high", "max": "high"}
_BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "function": "ANY"}


def body_of(model: str, request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """Return the body; ProviderFailure `unsupported` names what the API has no word for."""
    refuse_unsaid(model, request.body, _SAID)
    asked = read(request)
    if stream and (asked.n or 1) > 1:
        # Nothing in the stream tells how many answers are still to come.
        raise cannot(model, "n")
    system, turns = contents.split(model, asked.messages)
    body: dict[str, Any] = {"contents": turns}
    if system:
        body["systemInstruction"] = {"parts": system}
    body |= _tools(model, asked)
    native = {name: value for name, value in request.body.items() if value is not None}
    config = _config(model, asked)
    if "top_k" in native:
        config["topK"] = native["top_k"]
    config |= {name: native[name] for name in NATIVE_CONFIG if name in native}
    if config:
        body["generationConfig"] = config
    return body | {name: native[name] for name in NATIVE if name in native}


def _config(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    given = {
        "temperature": asked.temperature,
        "topP": asked.top_p,
        "maxOutputTokens": asked.limit,
        "candidateCount": asked.n,
        "seed": asked.seed,
        "presencePenalty": asked.presence_penalty,
        "frequencyPenalty": asked.frequency_penalty,
        "stopSequences": asked.stops() or None,
    }
    config = {name: value for name, value in given.items() if value is not None}
    return config | _format(model, asked) | _thinking(model, asked)


def _format(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    wanted = asked.response_format
    if wanted is None or wanted.type == "text":
        return {}
    if wanted.type == "json_object":
        return {"responseMimeType": "application/json"}
    if wanted.type != "json_schema" or wanted.json_schema is None or wanted.json_schema.schema is None:
        raise cannot(model, "response_format")
    schema = cleaned(model, wanted.json_schema.schema, "response_format.json_schema.schema")
    return {"responseMimeType": "application/json", "responseSchema": schema}


def _thinking(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    """Return how much the model shall think: a level for Gemini 3 and later, a budget before that."""
    effort = asked.reasoning_effort
    if effort is None:
        return {}
    if effort not in _BUDGETS and effort not in _LEVELS:
        raise cannot(model, "reasoning_effort")
    version = _VERSION.search(model)
    if version is None or int(version[1]) >= _LEVELS_SINCE:
        return {"thinkingConfig": {"thinkingLevel": _LEVELS.get(effort, effort)}}
    return {"thinkingConfig": {"thinkingBudget": _BUDGETS.get(effort, _BUDGETS["high"])}}


def _tools(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    box = toolbox(model, asked)
    if not box.functions:
        return {}
    if asked.parallel_tool_calls is False and box.mode != "none":
        raise cannot(model, "parallel_tool_calls")
    declarations = [
        _declaration(model, function, f"tools[{at}]") for at, function in enumerate(box.functions)
    ]
    made: dict[str, Any] = {"tools": [{"functionDeclarations": declarations}]}
    return made if box.mode == "auto" else {**made, "toolConfig": {"functionCallingConfig": _calling(box)}}


def _calling(box: Toolbox) -> dict[str, Any]:
    config: dict[str, Any] = {"mode": _MODES[box.mode]}
    if box.mode == "function":
        config["allowedFunctionNames"] = [box.name]
    return config


def _declaration(model: str, function: Function, where: str) -> dict[str, Any]:
    made: dict[str, Any] = {"name": function.name}
    if function.description:
        made["description"] = function.description
    if function.parameters and function.parameters.get("properties"):
        made["parameters"] = cleaned(model, function.parameters, f"{where}.function.parameters")
    return made

"""An OpenAI chat request as the body of POST /v1/messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.formats.anthropic import messages, models
from wattos_platform.services.llm_gateway.domain.formats.anthropic.schema import structured
from wattos_platform.services.llm_gateway.domain.formats.honour import (
    Toolbox,
    cannot,
    refuse_unsaid,
    toolbox,
)
from wattos_platform.services.llm_gateway.domain.formats.openai_request import Function, OpenAIRequest, read

# The API wants a limit. OpenAI's default is the model's own; this is as long as an answer of 12 000 words.
DEFAULT_MAX_TOKENS = 16_384
# From this version on the API refuses sampling parameters for every model.
NO_SAMPLING_SINCE = "2026-10-21"
# Anthropic's own fields, passed on as they are; those that need a header of their own are not among them.
NATIVE = frozenset({"cache_control", "container", "inference_geo", "output_config", "thinking", "top_k"})
_SAID = NATIVE | {"parallel_tool_calls"}
_HOTTEST = 1.0
_LEAST_BUDGET = 1024
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 24_576, "max": 32_768}
_EFFORTS = {"minimal": "low"}


def body_of(model: str, request: ChatRequest, *, stream: bool, api_version: str) -> dict[str, Any]:
    """Return the body; ProviderFailure `unsupported` names what the API has no word for."""
    refuse_unsaid(model, request.body, _SAID)
    asked = read(request)
    system, turns = messages.split(model, asked.messages)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": DEFAULT_MAX_TOKENS if asked.limit is None else asked.limit,
        "messages": turns,
    }
    if system:
        body["system"] = system
    if stream:
        body["stream"] = True
    if asked.stops():
        body["stop_sequences"] = asked.stops()
    if asked.user or asked.safety_identifier:
        body["metadata"] = {"user_id": asked.safety_identifier or asked.user}
    given = {"temperature": asked.temperature, "top_p": asked.top_p}
    body |= sampling(model, given, api_version) | _tools(model, asked)
    body |= _thinking(model, asked, turns)
    native = {name: value for name, value in request.body.items() if name in NATIVE and value is not None}
    config = _format(model, asked) | body.get("output_config", {}) | (native.pop("output_config", None) or {})
    return body | ({"output_config": config} if config else {}) | native


def sampling(model: str, asked: Mapping[str, Any], api_version: str) -> dict[str, Any]:
    """Return temperature and top_p; ProviderFailure for a model that takes neither, and beyond 1.

    A top_p of 1 says nothing, and models refuse one beside a temperature: it is left out.
    """
    given = {
        name: value
        for name in ("temperature", "top_p")
        if (value := asked.get(name)) is not None and (name, value) != ("top_p", 1)
    }
    if models.samples_itself(model) or api_version >= NO_SAMPLING_SINCE:
        for name, value in given.items():
            if value != 1:
                raise cannot(model, name)
        return {}
    if given.get("temperature", 0) > _HOTTEST:
        raise cannot(model, "temperature")
    return given


def _tools(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    box = toolbox(model, asked)
    if not box.functions:
        return {}
    made: dict[str, Any] = {"tools": [_tool(function) for function in box.functions]}
    choice = _choice(box)
    if asked.parallel_tool_calls is False and box.mode != "none":
        choice["disable_parallel_tool_use"] = True
    return made if choice == {"type": "auto"} else {**made, "tool_choice": choice}


def _choice(box: Toolbox) -> dict[str, Any]:
    if box.mode == "function":
        return {"type": "tool", "name": box.name}
    return {"type": "any" if box.mode == "required" else box.mode}


def _tool(function: Function) -> dict[str, Any]:
    tool: dict[str, Any] = {
        "name": function.name,
        "input_schema": function.parameters or {"type": "object", "properties": {}},
    }
    if function.description:
        tool["description"] = function.description
    if function.strict:
        tool["strict"] = True
    return tool


def _format(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    """Return the form of the answer: a schema is honoured, JSON without one is not to be had."""
    wanted = asked.response_format
    if wanted is None or wanted.type == "text":
        return {}
    if wanted.type != "json_schema" or wanted.json_schema is None or wanted.json_schema.schema is None:
        raise cannot(model, "response_format")
    schema = structured(model, wanted.json_schema.schema, "response_format.json_schema.schema")
    return {"format": {"type": "json_schema", "schema": schema}}


def _thinking(model: str, asked: OpenAIRequest, turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how much the model shall think: an effort for new ones, for older ones a budget of tokens."""
    effort = asked.reasoning_effort
    if effort is None:
        return {}
    if effort not in _BUDGETS and effort != "none":
        raise cannot(model, "reasoning_effort")
    if models.thinks_adaptively(model):
        if effort == "none":
            return {"thinking": {"type": "disabled"}}
        effort = _EFFORTS.get(effort, effort)
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    limit = DEFAULT_MAX_TOKENS if asked.limit is None else asked.limit
    # The budget must leave room for an answer; where there is none, the model answers without thinking.
    budget = min(_BUDGETS.get(effort, 0), limit // 2)
    if budget < _LEAST_BUDGET or _calls_without_thought(turns):
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _calls_without_thought(turns: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the last answer called tools and its thinking did not come back with the results.

    With a budget the API refuses to go on from there, so the turn ends without thinking.
    """
    said = [turn["content"] for turn in turns if turn["role"] == "assistant"]
    kinds = [block.get("type") for block in said[-1]] if said else []
    return "tool_use" in kinds and kinds[0] not in ("thinking", "redacted_thinking")

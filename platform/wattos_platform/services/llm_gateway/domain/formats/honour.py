"""What of a request a format can honour: said, harmless to leave out, or refused by name; never dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats.openai_request import (
    Function,
    OpenAIRequest,
    ToolChoice,
)

# Said about a request, not about its answer: left out where a provider has no word for it.
HINTS = frozenset(
    {
        "metadata", "prediction", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
        "safety_identifier", "service_tier", "store", "stream", "stream_options", "user", "verbosity",
    }
)  # fmt: skip
# What a field's value is when it asks for nothing.
NEUTRAL: Mapping[str, Any] = {
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
    "modalities": ["text"],
    "functions": [],
    "function_call": "none",
    "parallel_tool_calls": True,
}
# What every format says in its own words.
SAID = frozenset(
    {
        "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "tools",
        "tool_choice", "response_format", "reasoning_effort",
    }
)  # fmt: skip
_UNSUPPORTED = 400
Mode = Literal["auto", "none", "required", "function"]
_MODES: Mapping[str, Mode] = {"auto": "auto", "none": "none", "required": "required"}


def refuse_unsaid(model: str, body: Mapping[str, Any], said: frozenset[str]) -> None:
    """Raise ProviderFailure `unsupported` for the first field that neither SAID, HINTS nor `said` holds."""
    for name, value in body.items():
        if name in SAID or name in said or name in HINTS or value is None:
            continue
        if name in NEUTRAL and value == NEUTRAL[name]:
            continue
        raise cannot(model, name)


def cannot(model: str, field: str) -> ProviderFailure:
    """Return the failure of a model that cannot honour `field`: another provider may."""
    return ProviderFailure(
        "unsupported", f"{model} cannot honour {field[:80]}.", status=_UNSUPPORTED, param=field[:200]
    )


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The functions that may be called, and whether one must be; `name` is that of the mode `function`."""

    functions: Sequence[Function]
    mode: Mode = "auto"
    name: str = ""


def toolbox(model: str, asked: OpenAIRequest) -> Toolbox:
    """Return what may and must be called; ProviderFailure `unsupported` for tools that are no functions."""
    functions: list[Function] = []
    for number, tool in enumerate(asked.tools or ()):
        if tool.type != "function" or tool.function is None:
            raise cannot(model, f"tools[{number}]")
        functions.append(tool.function)
    choice = asked.tool_choice
    if choice is None or not functions:
        return Toolbox(functions)
    if isinstance(choice, str) and choice in _MODES:
        return Toolbox(functions, _MODES[choice])
    if isinstance(choice, ToolChoice):
        return _chosen(model, functions, choice)
    raise cannot(model, "tool_choice")


def _chosen(model: str, functions: Sequence[Function], choice: ToolChoice) -> Toolbox:
    if choice.type == "function" and choice.function is not None:
        return Toolbox(functions, "function", choice.function.name)
    allowed = choice.allowed_tools
    if choice.type != "allowed_tools" or allowed is None or any(t.function is None for t in allowed.tools):
        raise cannot(model, "tool_choice")
    names = {tool.function.name for tool in allowed.tools if tool.function is not None}
    kept = [function for function in functions if function.name in names]
    return Toolbox(kept, "required" if allowed.mode == "required" else "auto")

"""An OpenAI chat request as the body of POST /api/chat."""

from collections.abc import Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.formats.honour import cannot, refuse_unsaid, toolbox
from wattos_platform.services.llm_gateway.domain.formats.media import inline
from wattos_platform.services.llm_gateway.domain.formats.openai_request import (
    ImagePart,
    Message,
    OpenAIRequest,
    RefusalPart,
    TextPart,
    arguments_of,
    read,
)

# Ollama's own fields, passed on as they are.
NATIVE = frozenset({"keep_alive", "think", "truncate", "shift"})
# Options of the model that OpenAI's API does not know, taken beside `options` as well.
NATIVE_OPTIONS = frozenset(
    {"top_k", "min_p", "typical_p", "repeat_penalty", "repeat_last_n", "num_ctx", "num_keep"}
)
_SAID = NATIVE | NATIVE_OPTIONS | {
    "options", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs",
}  # fmt: skip
_EFFORTS: dict[str, Any] = {
    "none": False, "minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "max",
    "max": "max",
}  # fmt: skip


def body_of(model: str, request: ChatRequest, *, stream: bool) -> dict[str, Any]:
    """Return the body; ProviderFailure `unsupported` names what the API has no word for."""
    refuse_unsaid(model, request.body, _SAID)
    asked = read(request)
    native = {name: value for name, value in request.body.items() if value is not None}
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(model, asked.messages),
        "stream": stream,
    }
    options = {**(native.get("options") or {}), **_options(asked)}
    options |= {name: native[name] for name in NATIVE_OPTIONS if name in native}
    if options:
        body["options"] = options
    if asked.logprobs:
        body |= {"logprobs": True, "top_logprobs": asked.top_logprobs or 0}
    body |= _format(model, asked) | _think(model, asked) | _tools(model, asked)
    return body | {name: native[name] for name in NATIVE if name in native}


def _options(asked: OpenAIRequest) -> dict[str, Any]:
    given = {
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "seed": asked.seed,
        "num_predict": asked.limit,
        "stop": asked.stops() or None,
        "presence_penalty": asked.presence_penalty,
        "frequency_penalty": asked.frequency_penalty,
    }
    return {name: value for name, value in given.items() if value is not None}


def _format(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    wanted = asked.response_format
    if wanted is None or wanted.type == "text":
        return {}
    if wanted.type == "json_object":
        return {"format": "json"}
    if wanted.type != "json_schema" or wanted.json_schema is None or wanted.json_schema.schema is None:
        raise cannot(model, "response_format")
    return {"format": wanted.json_schema.schema}


def _think(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    effort = asked.reasoning_effort
    if effort is None:
        return {}
    if effort not in _EFFORTS:
        raise cannot(model, "reasoning_effort")
    return {"think": _EFFORTS[effort]}


def _tools(model: str, asked: OpenAIRequest) -> dict[str, Any]:
    """Return the tools; none where none may be called, since nothing else says so to the API."""
    box = toolbox(model, asked)
    if not box.functions or box.mode == "none":
        return {}
    if box.mode != "auto":
        raise cannot(model, "tool_choice")
    if asked.parallel_tool_calls is False:
        raise cannot(model, "parallel_tool_calls")
    tools = []
    for function in box.functions:
        made: dict[str, Any] = {
            "name": function.name,
            "parameters": function.parameters or {"type": "object", "properties": {}},
        }
        if function.description:
            made["description"] = function.description
        tools.append({"type": "function", "function": made})
    return {"tools": tools}


def _messages(model: str, messages: Sequence[Message]) -> list[dict[str, Any]]:
    names: dict[str, str] = {}
    return [_message(model, message, f"messages[{number}]", names) for number, message in enumerate(messages)]


def _message(model: str, message: Message, where: str, names: dict[str, str]) -> dict[str, Any]:
    """Return one message; `names` keeps which function each call was for."""
    if message.role == "function" or message.function_call is not None:
        raise cannot(model, f"{where}.function_call")
    texts, images = _content(model, message, where)
    role = "system" if message.role == "developer" else message.role
    made: dict[str, Any] = {"role": role, "content": "\n".join(texts) or message.refusal or ""}
    if images:
        made["images"] = images
    if message.reasoning_content:
        made["thinking"] = message.reasoning_content
    if message.tool_calls:
        made["tool_calls"] = _calls(message, where, names)
    if message.role == "tool":
        made["tool_name"] = names.get(message.tool_call_id or "") or message.name or ""
        made["tool_call_id"] = message.tool_call_id or ""
    return made


def _calls(message: Message, where: str, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return the calls of an earlier answer, their arguments as objects."""
    calls: list[dict[str, Any]] = []
    for number, call in enumerate(message.tool_calls or ()):
        names[call.id] = call.function.name
        arguments = arguments_of(call, f"{where}.tool_calls[{number}]")
        function = {"index": number, "name": call.function.name, "arguments": arguments}
        calls.append({"id": call.id, "function": function})
    return calls


def _content(model: str, message: Message, where: str) -> tuple[list[str], list[str]]:
    """Return the texts and the images in base64; an image that lies elsewhere cannot be fetched from here."""
    texts: list[str] = []
    images: list[str] = []
    for at, part in message.parts():
        place = f"{where}.content[{at}]"
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, RefusalPart):
            texts.append(part.refusal)
        else:
            found = (
                inline(part.image_url.url, f"{place}.image_url.url") if isinstance(part, ImagePart) else None
            )
            if found is None:
                raise cannot(model, place)
            images.append(found.base64)
    return texts, images

"""A Responses request as the chat request that says the same."""

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
from wattos_platform.services.llm_gateway.domain.dialects.responses.items import messages_of
from wattos_platform.services.llm_gateway.domain.dialects.responses.tools import tool_choice_of, tools_of
from wattos_platform.services.llm_gateway.domain.refusals import missing, wrong

_MOST_TOKENS = 10_000_000
_MOST_LABELS = 16
_LONGEST_LABEL = 512
# They mean in a chat what they mean here.
_SAME = (
    "temperature",
    "top_p",
    "stream",
    "service_tier",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    CONTEXT_FIELD,
)
# They change nothing in an answer: hints, labels, and what concerns features that are refused by themselves.
_WITHOUT_EFFECT = (
    "store",
    "metadata",
    "truncation",
    "include",
    "stream_options",
    "max_tool_calls",
    "context_management",
    "prompt_cache_options",
)
_STATE = "this gateway keeps no responses; send the earlier items in input."
_REFUSED = {
    "previous_response_id": _STATE,
    "conversation": _STATE,
    "background": "an answer is given at once or streamed; leave it out.",
    "prompt": "this gateway keeps no prompt templates; send instructions and input.",
    "moderation": "this gateway moderates nothing; leave it out.",
}
_TRANSLATED = (
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "text",
    "reasoning",
    "max_output_tokens",
    "top_logprobs",
)
_KNOWN = frozenset({*_SAME, *_WITHOUT_EFFECT, *_REFUSED, *_TRANSLATED})
_INCLUDE_LOGPROBS = "message.output_text.logprobs"


def parse_responses(given: Any) -> ChatRequest:
    """Return a decoded body as a chat request; Refusal 400 that names the first wrong field."""
    body = fields.whole(given)
    fields.only(body, _KNOWN)
    for name, reason in _REFUSED.items():
        if body.get(name) not in (None, False):
            raise fields.unsupported(name, reason)
    model, messages = model_of(body), messages_of(body.get("input"))
    instructions = fields.text(body, "instructions")
    if instructions:
        messages.insert(0, {"role": "system", "content": instructions})
    fields.number(body, "temperature", 0, 2)
    fields.number(body, "top_p", 0, 1)
    _check_labels(body)
    stream = bool(fields.flag(body, "stream"))
    if not stream and body.get("stream_options") is not None:
        raise wrong("stream_options", "is allowed only when stream is true")
    chat = {
        **{name: body[name] for name in _SAME if body.get(name) is not None},
        "model": model,
        "messages": messages,
        "max_completion_tokens": fields.count(body, "max_output_tokens", 1, _MOST_TOKENS),
        **_tools(body),
        **_text(fields.mapping(body, "text") or {}),
        **_logprobs(body),
        "reasoning_effort": _effort(body),
    }
    kept = {name: value for name, value in chat.items() if value is not None}
    return replace(parse_chat(kept), dialect="responses", asked=body)


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    tools = tools_of(body)
    choice = tool_choice_of(body, tools)
    parallel = fields.flag(body, "parallel_tool_calls")
    return {"tools": tools, "tool_choice": choice, "parallel_tool_calls": parallel} if tools else {}


def _text(text: Mapping[str, Any]) -> dict[str, Any]:
    form = fields.mapping(text, "format", "text")
    verbosity = fields.text(text, "verbosity", "text")
    if form is None:
        return {"verbosity": verbosity}
    kind = fields.choice(form, "type", {"text", "json_schema", "json_object"}, "text.format")
    if kind is None:
        raise missing("text.format.type")
    if kind != "json_schema":
        return {"verbosity": verbosity, "response_format": None if kind == "text" else {"type": kind}}
    schema = fields.mapping(form, "schema", "text.format")
    if schema is None:
        raise missing("text.format.schema")
    named = {
        "name": fields.name(form, "name", "text.format"),
        "schema": schema,
        "strict": fields.flag(form, "strict", "text.format"),
        "description": fields.text(form, "description", "text.format"),
    }
    wanted = {name: value for name, value in named.items() if value is not None}
    return {"verbosity": verbosity, "response_format": {"type": kind, "json_schema": wanted}}


def _logprobs(body: Mapping[str, Any]) -> dict[str, Any]:
    top = fields.count(body, "top_logprobs", 0, 20)
    included = fields.texts(body, "include") or []
    wanted = top is not None or _INCLUDE_LOGPROBS in included
    return {"logprobs": True, "top_logprobs": top} if wanted else {}


def _effort(body: Mapping[str, Any]) -> str | None:
    reasoning = fields.mapping(body, "reasoning") or {}
    fields.text(reasoning, "summary", "reasoning")
    return fields.text(reasoning, "effort", "reasoning")


def _check_labels(body: Mapping[str, Any]) -> None:
    """Check the fields that are only told back."""
    fields.flag(body, "store")
    fields.flag(body, "background")
    fields.choice(body, "truncation", {"auto", "disabled"})
    fields.count(body, "max_tool_calls", 1, _MOST_TOKENS)
    metadata = fields.mapping(body, "metadata") or {}
    if len(metadata) > _MOST_LABELS:
        raise wrong("metadata", f"must have at most {_MOST_LABELS} members")
    for name in metadata:
        if len(fields.needed_text(metadata, name, "metadata")) > _LONGEST_LABEL:
            raise wrong(f"metadata.{name}", f"must not be longer than {_LONGEST_LABEL} characters")

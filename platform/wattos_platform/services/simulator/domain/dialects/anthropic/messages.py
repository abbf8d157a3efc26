"""POST /v1/messages."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer, Tokens
from wattos_platform.services.simulator.domain.dialects.anthropic import message_events
from wattos_platform.services.simulator.domain.dialects.anthropic.provider import check_version
from wattos_platform.services.simulator.domain.dialects.openai import conversation
from wattos_platform.services.simulator.domain.reply import Event, Framing, Head
from wattos_platform.services.simulator.domain.requests import (
    GenerationRequest,
    Incoming,
    Refusal,
    Tool,
    mapping,
    mappings,
    member,
    positive,
    words_in,
)

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
}


class Messages:
    """A message of content blocks: thinking if the caller asked for it, then text or a tool's use."""

    framing: Framing = "sse"
    content = "content"

    def asked(self, call: Incoming, /) -> GenerationRequest:
        """Return what the request asks for; Refusal 400 without version, model, max_tokens or messages."""
        check_version(call)
        body = call.body
        model = str(member(body, "model", str, "model: Field required"))
        messages: list[Any] = member(body, "messages", list, "messages: Field required")
        limit = positive(body.get("max_tokens"))
        if limit is None:
            raise Refusal(400, "max_tokens: Field required", param="max_tokens")
        texts = [*conversation.texts_of(body.get("system")), *conversation.texts_of_messages(messages)]
        may_call, must_call = _choice(mapping(body.get("tool_choice")))
        thinks = mapping(body.get("thinking")).get("type") in ("enabled", "adaptive")
        return GenerationRequest(
            model=model,
            question=conversation.question_of(messages),
            prompt_tokens=words_in(texts),
            stream=body.get("stream") is True,
            max_tokens=limit,
            tools=[
                Tool(str(tool["name"]), mapping(tool.get("input_schema")))
                for tool in mappings(body.get("tools"))
                if tool.get("name")
            ],
            may_call=may_call and not _shows_tool_result(messages),
            must_call=must_call,
            schema=_schema(body),
            thinks=thinks,
            shows_thinking=thinks,
        )

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return a finished message."""
        body = {**begun(head, asked), "content": blocks(head, answer), "stop_reason": stop_reason(answer)}
        return {**body, "usage": usage(answer.tokens, answer.tokens.output)} if answer.tells_usage else body

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield the named events from message_start to message_stop."""
        message = begun(head, asked)
        end: dict[str, Any] = {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason(answer), "stop_sequence": None},
        }
        if answer.tells_usage:
            message["usage"] = usage(answer.tokens, 1)
            end["usage"] = usage(answer.tokens, answer.tokens.output)
        return message_events.events(message, blocks(head, answer), answer, end)

    def error_event(self, body: Mapping[str, Any], _refusal: Refusal, /) -> Event:
        """Return an error event."""
        return Event(body, "error")

    def blocked(self, _head: Head, _asked: GenerationRequest, _answer: Answer, /) -> Mapping[str, Any] | None:
        """Return None: a blocked prompt is an error; a blocked answer has the stop_reason `refusal`."""
        return None


def begun(head: Head, asked: GenerationRequest) -> dict[str, Any]:
    """Return a message that has nothing in it yet."""
    return {
        "id": f"msg_{head.id}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def blocks(head: Head, answer: Answer) -> list[dict[str, Any]]:
    """Return the finished content blocks."""
    thinking = {"type": "thinking", "thinking": answer.thoughts, "signature": f"sig_{head.id}"}
    if answer.call is None:
        last: dict[str, Any] = {"type": "text", "text": answer.content}
    else:
        last = {"type": "tool_use", "id": f"toolu_{head.id}", "name": answer.call.name}
        last["input"] = answer.call.arguments
    return [thinking, last] if answer.thinking else [last]


def usage(tokens: Tokens, output: int) -> dict[str, Any]:
    """Return the usage member: input_tokens are without the cached ones, output_tokens with the thinking."""
    return {
        "input_tokens": tokens.prompt - tokens.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": tokens.cached,
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": min(tokens.reasoning, output)},
    }


def stop_reason(answer: Answer) -> str:
    """Return Anthropic's word for why the answer ended."""
    return _STOP_REASONS[answer.finish]


def _choice(tool_choice: Mapping[str, Any]) -> tuple[bool, str]:
    kind = tool_choice.get("type")
    if kind == "tool":
        return True, str(tool_choice.get("name") or "")
    return kind != "none", "*" if kind == "any" else ""


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = mapping(mapping(body.get("output_config")).get("format") or body.get("output_format"))
    return mapping(wanted.get("schema")) if wanted.get("type") == "json_schema" else None


def _shows_tool_result(messages: list[Any]) -> bool:
    parts = mappings(mapping(messages[-1]).get("content")) if messages else []
    return any(part.get("type") == "tool_result" for part in parts)

"""POST /v1/responses."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer, Tokens
from wattos_platform.services.simulator.domain.dialects.openai import (
    conversation,
    response_events,
    response_items,
)
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

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Responses:
    """A response of output items: one of reasoning if there is any, then a message or a function call."""

    framing: Framing = "sse"
    content = "output"

    def asked(self, call: Incoming, /) -> GenerationRequest:
        """Return what the request asks for; Refusal 400 without a model or input."""
        body = call.body
        model = str(member(body, "model", str, "Missing required parameter: 'model'."))
        given = member(body, "input", (str, list), "Missing required parameter: 'input'.")
        items: list[Any] = [{"role": "user", "content": given}] if isinstance(given, str) else given
        texts = [*conversation.texts_of(body.get("instructions")), *conversation.texts_of_messages(items)]
        may_call, must_call = conversation.choice(body.get("tool_choice"), named="")
        answered = bool(items) and mapping(items[-1]).get("type") == "function_call_output"
        return GenerationRequest(
            model=model,
            question=conversation.question_of(items),
            prompt_tokens=words_in(texts),
            stream=body.get("stream") is True,
            max_tokens=positive(body.get("max_output_tokens")),
            tools=[
                Tool(str(tool["name"]), mapping(tool.get("parameters")))
                for tool in mappings(body.get("tools"))
                if tool.get("type") == "function" and tool.get("name")
            ],
            may_call=may_call and not answered,
            must_call=must_call,
            schema=_schema(mapping(body.get("text")).get("format")),
        )

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return a finished response."""
        return finished(head, asked, answer)

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield the named, numbered events from response.created to response.completed."""
        yield from response_events.events(head, answer, begun(head, asked), finished(head, asked, answer))

    def error_event(self, _body: Mapping[str, Any], refusal: Refusal, /) -> Event:
        """Return an error event; it is not numbered on, since nothing follows."""
        data = {"type": "error", "code": refusal.code or "server_error", "message": refusal.message}
        return Event({**data, "param": refusal.param, "sequence_number": 0}, "error")

    def blocked(self, _head: Head, _asked: GenerationRequest, _answer: Answer, /) -> Mapping[str, Any] | None:
        """Return None: a blocked prompt is an error."""
        return None


def begun(head: Head, asked: GenerationRequest) -> dict[str, Any]:
    """Return a response that has nothing in it yet."""
    return {
        "id": f"resp_{head.id}",
        "object": "response",
        "created_at": int(head.created),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": asked.max_tokens,
        "model": asked.model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": None,
        "metadata": {},
    }


def finished(head: Head, asked: GenerationRequest, answer: Answer) -> dict[str, Any]:
    """Return the response with all its items."""
    reason = _INCOMPLETE.get(answer.finish)
    return {
        **begun(head, asked),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": response_items.items(head, answer),
        "usage": _usage(answer.tokens) if answer.tells_usage else None,
    }


def _usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": 0},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.prompt + tokens.output,
    }


def _schema(text_format: Any) -> Mapping[str, Any] | None:
    """Return the schema of text.format, which has it one level higher than response_format."""
    given = mapping(text_format)
    if given.get("type") == "json_schema":
        return mapping(given.get("schema"))
    return {} if given.get("type") == "json_object" else None

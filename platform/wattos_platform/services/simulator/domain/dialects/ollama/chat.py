"""POST /api/chat: lines of JSON, streamed unless the caller says otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.simulator.domain.answer import Answer, Tokens
from wattos_platform.services.simulator.domain.dialects.openai import conversation
from wattos_platform.services.simulator.domain.reply import Event, Framing, Head
from wattos_platform.services.simulator.domain.requests import (
    GenerationRequest,
    Incoming,
    Refusal,
    mapping,
    member,
    positive,
    words_in,
)

_TOKEN_NS = 1_000_000
_LOAD_NS = 5_000_000


class Chat:
    """A line per token, a tool call in one line; a filter, for which Ollama has no word, ends with `stop`."""

    framing: Framing = "ndjson"
    content = "message"

    def asked(self, call: Incoming, /) -> GenerationRequest:
        """Return what the request asks for; Refusal 400 without a model or messages."""
        body = call.body
        model = str(member(body, "model", str, "model is required"))
        messages: list[Any] = member(body, "messages", list, "messages is required")
        thinks = body.get("think") not in (None, False)
        return GenerationRequest(
            model=model,
            question=conversation.question_of(messages),
            prompt_tokens=words_in(conversation.texts_of_messages(messages)),
            stream=body.get("stream") is not False,
            max_tokens=positive(mapping(body.get("options")).get("num_predict")),
            tools=conversation.functions(body.get("tools")),
            may_call=not conversation.ends_with_tool_result(messages),
            schema={} if body.get("format") == "json" else mapping(body.get("format")) or None,
            thinks=thinks,
            shows_thinking=thinks,
        )

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return one object with everything."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.content}
        if answer.thinking:
            message["thinking"] = answer.thoughts
        if answer.call is not None:
            message["tool_calls"] = _tool_calls(answer)
        return {**_head(head, asked), "message": message, **_end(answer)}

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield a line per token, then the line with done: true."""

        def line(message: Mapping[str, Any], tokens: int) -> Event:
            whole = {"role": "assistant", "content": "", **message}
            return Event({**_head(head, asked), "message": whole, "done": False}, tokens=tokens, content=True)

        for thought in answer.thinking:
            yield line({"thinking": thought}, 1)
        for word in answer.text:
            yield line({"content": word}, 1)
        if answer.call is not None:
            yield line({"tool_calls": _tool_calls(answer)}, len(answer.call.pieces))
        empty = {"role": "assistant", "content": ""}
        yield Event({**_head(head, asked), "message": empty, **_end(answer)})

    def error_event(self, body: Mapping[str, Any], _refusal: Refusal, /) -> Event:
        """Return the error as a line has it."""
        return Event(body)

    def blocked(self, _head: Head, _asked: GenerationRequest, _answer: Answer, /) -> Mapping[str, Any] | None:
        """Return None: a blocked prompt is an error."""
        return None


def counts(tokens: Tokens) -> dict[str, int]:
    """Return what Ollama counts: all tokens of the prompt, all that were made."""
    return {"prompt_eval_count": tokens.prompt, "eval_count": tokens.output}


def durations(tokens: Tokens) -> dict[str, int]:
    """Return made-up times in nanoseconds: a millisecond per token."""
    read, made = tokens.prompt * _TOKEN_NS, tokens.output * _TOKEN_NS
    return {
        "total_duration": _LOAD_NS + read + made,
        "load_duration": _LOAD_NS,
        "prompt_eval_duration": read,
        "eval_duration": made,
    }


def _head(head: Head, asked: GenerationRequest) -> dict[str, Any]:
    return {"model": asked.model, "created_at": rfc3339(head.created)}


def _end(answer: Answer) -> dict[str, Any]:
    reason = "length" if answer.finish == "length" else "stop"
    told = counts(answer.tokens) if answer.tells_usage else {}
    return {"done_reason": reason, "done": True, **durations(answer.tokens), **told}


def _tool_calls(answer: Answer) -> list[dict[str, Any]]:
    call = answer.call
    return [] if call is None else [{"function": {"name": call.name, "arguments": call.arguments}}]

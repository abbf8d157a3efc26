"""POST /v1/chat/completions."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer, Tokens, ToolCall
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

DONE = "[DONE]"


class Chat:
    """Chat completions; OpenAI does not show its reasoning, it only counts it."""

    framing: Framing = "sse"
    content = "choices"

    def asked(self, call: Incoming, /) -> GenerationRequest:
        """Return what the request asks for; Refusal 400 without a model or messages."""
        body = call.body
        model = self.model(call)
        messages: list[Any] = member(body, "messages", list, "messages is missing or not a list.")
        may_call, must_call = conversation.choice(body.get("tool_choice"), named="function")
        return GenerationRequest(
            model=model,
            question=conversation.question_of(messages),
            prompt_tokens=words_in(conversation.texts_of_messages(messages)),
            stream=body.get("stream") is True,
            max_tokens=positive(body.get("max_completion_tokens")) or positive(body.get("max_tokens")),
            tools=conversation.functions(body.get("tools")),
            may_call=may_call and not conversation.ends_with_tool_result(messages),
            must_call=must_call,
            schema=conversation.json_schema(body.get("response_format")),
            tells_usage=mapping(body.get("stream_options")).get("include_usage") is True,
        )

    def model(self, call: Incoming, /) -> str:
        """Return the model; Refusal 400 without one."""
        return str(member(call.body, "model", str, "you must provide a model parameter"))

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return a chat.completion."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.content, "refusal": None}
        if answer.call is not None:
            message |= {
                "content": None,
                "tool_calls": [_call(head, answer.call, "".join(answer.call.pieces))],
            }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}
        body = {**_head(head, asked, "chat.completion"), "choices": [choice]}
        return {**body, "usage": usage(answer.tokens)} if answer.tells_usage else body

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield chunks: the role, the tokens, the end, the usage if it is asked for, [DONE]."""
        told = asked.tells_usage and answer.tells_usage
        frame = _head(head, asked, "chat.completion.chunk") | ({"usage": None} if told else {})

        def chunk(delta: Mapping[str, Any], tokens: int = 0, finish: str | None = None) -> Event:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return Event({**frame, "choices": [choice]}, tokens=tokens, content=tokens > 0)

        begin: dict[str, Any] = {"role": "assistant", "content": "", "refusal": None}
        if answer.call is None:
            yield chunk(begin)
            for word in answer.text:
                yield chunk({"content": word}, 1)
        else:
            yield chunk(
                {**begin, "content": None, "tool_calls": [{"index": 0, **_call(head, answer.call, "")}]}
            )
            for piece in answer.call.pieces:
                yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, 1)
        yield chunk({}, finish=answer.finish)
        if told:
            yield Event({**frame, "choices": [], "usage": usage(answer.tokens)})
        yield Event(DONE)

    def error_event(self, body: Mapping[str, Any], _refusal: Refusal, /) -> Event:
        """Return the error as a chunk has it."""
        return Event(body)

    def blocked(self, _head: Head, _asked: GenerationRequest, _answer: Answer, /) -> Mapping[str, Any] | None:
        """Return None: a blocked prompt is an error."""
        return None


def usage(tokens: Tokens) -> dict[str, Any]:
    """Return the usage member: cached tokens within the prompt's, reasoning within the completion's."""
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.prompt + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _head(head: Head, asked: GenerationRequest, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{head.id}",
        "object": kind,
        "created": int(head.created),
        "model": asked.model,
        "system_fingerprint": "fp_simulator",
    }


def _call(head: Head, call: ToolCall, arguments: str) -> dict[str, Any]:
    return {
        "id": f"call_{head.id}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }

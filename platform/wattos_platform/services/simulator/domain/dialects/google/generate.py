"""POST /v1beta/models/{model}:generateContent and :streamGenerateContent?alt=sse."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer, Tokens
from wattos_platform.services.simulator.domain.dialects.google.provider import either
from wattos_platform.services.simulator.domain.dialects.google.tools import choice, declarations
from wattos_platform.services.simulator.domain.dialects.openai.conversation import texts_of
from wattos_platform.services.simulator.domain.reply import Event, Framing, Head
from wattos_platform.services.simulator.domain.requests import (
    GenerationRequest,
    Incoming,
    Refusal,
    mapping,
    mappings,
    positive,
    words_in,
)

_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "STOP"}
_RATINGS = [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "NEGLIGIBLE"}]


class GenerateContent:
    """Candidates of parts; a function call comes as one part and ends with STOP. `stream` is in the path."""

    framing: Framing = "sse"
    content = "candidates"

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream

    def asked(self, call: Incoming, /) -> GenerationRequest:
        """Return what the request asks for; Refusal 400 without contents or for a stream that is not SSE."""
        if self._stream and call.query.get("alt") != "sse":
            raise Refusal(400, "Of the forms of a stream the simulator speaks alt=sse only.")
        body = call.body
        contents = body.get("contents")
        if not isinstance(contents, list) or not contents:
            raise Refusal(400, "* GenerateContentRequest.contents: contents is not specified\n")
        config = mapping(either(body, "generationConfig", "generation_config"))
        thinking = mapping(either(config, "thinkingConfig", "thinking_config"))
        system = mapping(either(body, "systemInstruction", "system_instruction"))
        may_call, must_call = choice(body)
        return GenerationRequest(
            model=call.path["model"],
            question=_question(contents),
            prompt_tokens=words_in(_texts([system, *contents])),
            stream=self._stream,
            max_tokens=positive(either(config, "maxOutputTokens", "max_output_tokens")),
            tools=declarations(body),
            may_call=may_call and not _shows_function_response(contents),
            must_call=must_call,
            schema=_schema(config),
            shows_thinking=either(thinking, "includeThoughts", "include_thoughts") is True,
        )

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return a finished GenerateContentResponse."""
        parts: list[dict[str, Any]] = [{"text": answer.thoughts, "thought": True}] if answer.thinking else []
        parts.append({"text": answer.content} if answer.call is None else _function_call(answer))
        return _response(head, asked, answer, parts, answer.tokens, finish=_FINISH[answer.finish])

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield a GenerateContentResponse per token, with the counts so far, the last with the reason."""
        seen = Tokens(answer.tokens.prompt, answer.tokens.cached, 0, answer.tokens.hidden)

        def piece(part: dict[str, Any], answered: int, thought: int, tokens: int) -> Event:
            so_far = Tokens(seen.prompt, seen.cached, answered, seen.reasoning + thought)
            return Event(_response(head, asked, answer, [part], so_far), tokens=tokens, content=True)

        for number, thought in enumerate(answer.thinking, start=1):
            yield piece({"text": thought, "thought": True}, 0, number, 1)
        for number, word in enumerate(answer.text, start=1):
            yield piece({"text": word}, number, len(answer.thinking), 1)
        if answer.call is not None:
            made = len(answer.call.pieces)
            yield piece(_function_call(answer), made, len(answer.thinking), made)
        last = [{"text": ""}]
        yield Event(_response(head, asked, answer, last, answer.tokens, finish=_FINISH[answer.finish]))

    def error_event(self, body: Mapping[str, Any], _refusal: Refusal, /) -> Event:
        """Return the error as an event has it."""
        return Event(body)

    def blocked(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any] | None:
        """Return an answer without candidates that says why."""
        body = {
            "promptFeedback": {"blockReason": "SAFETY"},
            "modelVersion": asked.model,
            "responseId": head.id,
        }
        told = {"usageMetadata": _usage(Tokens(answer.tokens.prompt))} if answer.tells_usage else {}
        return {**body, **told}


def _response(
    head: Head,
    asked: GenerationRequest,
    answer: Answer,
    parts: list[dict[str, Any]],
    tokens: Tokens,
    *,
    finish: str | None = None,
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish is not None:
        candidate |= {"finishReason": finish, "safetyRatings": _RATINGS}
    body: dict[str, Any] = {"candidates": [candidate]}
    if answer.tells_usage:
        body["usageMetadata"] = _usage(tokens)
    return {**body, "modelVersion": asked.model, "responseId": head.id}


def _usage(tokens: Tokens) -> dict[str, Any]:
    """Return the counts: thoughts apart from candidates, cached tokens within the prompt's, 0 left out."""
    counts = {
        "promptTokenCount": tokens.prompt,
        "candidatesTokenCount": tokens.answer,
        "totalTokenCount": tokens.prompt + tokens.output,
        "cachedContentTokenCount": tokens.cached,
        "thoughtsTokenCount": tokens.reasoning,
    }
    told: dict[str, Any] = {name: number for name, number in counts.items() if number}
    return {**told, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens.prompt}]}


def _function_call(answer: Answer) -> dict[str, Any]:
    call = answer.call
    return {} if call is None else {"functionCall": {"name": call.name, "args": call.arguments}}


def _texts(contents: list[Any]) -> Iterator[str]:
    for content in contents:
        yield from texts_of(mapping(content).get("parts"))


def _question(contents: list[Any]) -> str:
    asked = [content for content in contents if mapping(content).get("role", "user") == "user"]
    return " ".join(_texts(asked[-1:]))


def _shows_function_response(contents: list[Any]) -> bool:
    parts = mappings(mapping(contents[-1]).get("parts"))
    return any(either(part, "functionResponse", "function_response") for part in parts)


def _schema(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if either(config, "responseMimeType", "response_mime_type") != "application/json":
        return None
    plain = either(config, "responseSchema", "response_schema")
    return mapping(plain or either(config, "responseJsonSchema", "response_json_schema"))

"""A chat answer in OpenAI's shape, whole and in pieces, and what a dialect makes of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain.answers import answer_of, chunk_of
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.dialects.dialect import Dialect
from wattos_platform.services.llm_gateway.domain.wire import Usage

USAGE = Usage(prompt=12, completion=7, cached=4, reasoning=3)
HEAD = {"id": "chatcmpl-abc", "created": 1_700_000_000, "model": "gpt-4o-mini-2024-07-18"}


def call(number: int, name: str, arguments: str) -> dict[str, Any]:
    """Return a tool call of a whole answer."""
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def whole(message: Mapping[str, Any], finish: str = "stop", **extra: Any) -> dict[str, Any]:
    """Return a whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE.body(), **extra}


def part(delta: Mapping[str, Any], finish: str | None = None, **extra: Any) -> dict[str, Any]:
    """Return one chunk."""
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice], **extra}


def call_part(number: int, arguments: str, name: str | None = None) -> dict[str, Any]:
    """Return one chunk of a tool call; the first of each names it."""
    function = {"arguments": arguments, **({"name": name} if name else {})}
    named = {"id": f"call_{number}", "type": "function"} if name else {}
    return part({"tool_calls": [{"index": number, **named, "function": function}]})


def answered(dialect: Dialect, request: ChatRequest, body: dict[str, Any]) -> dict[str, Any]:
    """Return what the caller is answered."""
    told: dict[str, Any] = json.loads(dialect.answer(answer_of(body), request))
    return told


def streamed(
    dialect: Dialect, request: ChatRequest, chunks: Iterable[dict[str, Any]], *, failure: str | None = None
) -> list[tuple[str, Any]]:
    """Return the events of a stream, type ("" for none) and data; `failure` ends it early."""
    outlet = dialect.outlet(request)
    written = b"".join(outlet.chunk(chunk_of(chunk)) for chunk in chunks)
    written += outlet.end(USAGE) if failure is None else outlet.failure(failure)
    return events(written.decode())


def events(text: str) -> list[tuple[str, Any]]:
    """Return the events in `text`."""
    found = []
    for block in text.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = fields["data"]
        found.append((fields.get("event", ""), data if data == "[DONE]" else json.loads(data)))
    return found


def cut(text: str, at: Sequence[int]) -> list[str]:
    """Return `text` in pieces, cut at the places `at` (modulo its length); none is empty."""
    places = sorted({place % len(text) for place in at} - {0}) if text else []
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]

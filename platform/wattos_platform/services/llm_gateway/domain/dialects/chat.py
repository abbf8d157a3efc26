"""OpenAI's Chat Completions, the shape in which this gateway thinks: mostly, bytes pass through."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wattos_platform.contracts.chat import Passage
from wattos_platform.kernel.sse import event
from wattos_platform.services.llm_gateway.domain import context_prompt, wire
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk, extended, without
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest, parse_chat
from wattos_platform.services.llm_gateway.domain.dialects.dialect import NO_MEMBERS
from wattos_platform.services.llm_gateway.domain.wire import Usage

_encode = msgspec.json.Encoder().encode
_CITATIONS = "wattos_citations"
# How OpenAI ends a chunk whose stream was asked for usage, until the usage comes.
_NO_USAGE_YET = b',"usage":null}'
DONE = event("[DONE]")


class ChatDialect:
    """The Dialect of POST /v1/chat/completions."""

    name = "chat"

    def parse(self, body: Any, raw: bytes = b"") -> ChatRequest:
        """Return `body` as a request that passes as it came; Refusal that names the wrong field."""
        return parse_chat(body, raw)

    def named(self, param: str) -> str:
        """Return `param`: this dialect is the one in which requests are kept."""
        return param

    def answer(self, answer: ChatAnswer, request: ChatRequest) -> bytes:
        """Return the answer as it is, with citations where passages were given and none are there yet."""
        if request.passages and b'"wattos_citations"' not in answer.raw:
            answer.add({_CITATIONS: context_prompt.citations(answer.text, request.passages)})
        return answer.raw

    def outlet(self, request: ChatRequest) -> "ChatOutlet":
        """Return what writes one stream."""
        return ChatOutlet(request.passages, include_usage=request.include_usage)


class ChatOutlet:
    """Writes one streamed answer: `[DONE]` only after a `finish_reason`, usage only to who asked for it."""

    __slots__ = ("_first", "_include_usage", "_passages", "_texts", "_usage")

    def __init__(self, passages: Sequence[Passage], *, include_usage: bool) -> None:
        self._passages = passages
        self._include_usage = include_usage
        self._usage = b""
        self._texts: list[str] = []
        self._first = b""

    def chunk(self, chunk: Chunk) -> bytes:
        """Return the chunk as an event, nothing for one that bears only what was not asked for.

        Nothing either for the one that bears only the usage: that is told at the end, with the cost.
        """
        raw = chunk.raw
        self._first = self._first or raw
        if self._passages:
            self._texts.append(chunk.text)
            if chunk.finish_reason and b'"wattos_citations"' not in raw:
                raw = self._cited(chunk)
        if self._include_usage:
            if chunk.usage is not None and not chunk.has_choices:
                self._usage = raw
                return b""
        elif chunk.tells_usage and b'"usage"' in raw:
            if not chunk.has_choices:
                return b""
            raw = _without_usage(raw)
        return b"data: %b\n\n" % raw

    def end(self, usage: Usage, members: Mapping[str, Any] = NO_MEMBERS) -> bytes:
        """Return the usage, if it was asked for, and the end."""
        if not self._include_usage:
            return DONE
        if self._usage:
            return event(extended(self._usage, members)) + DONE
        head = msgspec.json.decode(self._first)
        told = wire.usage_chunk(
            str(head.get("id")), int(head.get("created") or 0), str(head.get("model")), usage
        )
        return event(_encode({**told, **members})) + DONE

    def failure(self, message: str) -> bytes:
        """Return the error event after which nothing comes."""
        counted = event(self._usage) if self._usage else b""
        return counted + broken_off(message)

    def _cited(self, chunk: Chunk) -> bytes:
        citations = context_prompt.citations("".join(self._texts), self._passages)
        return _encode({**chunk.body(), _CITATIONS: citations})


def broken_off(message: str) -> bytes:
    """Return the event that tells OpenAI's SDKs of an answer that is not whole: they raise."""
    error = {"message": message, "type": "server_error", "param": None, "code": "upstream_truncated"}
    return event(_encode({"error": error}), event="error")


def _without_usage(raw: bytes) -> bytes:
    """Return a chunk without its member `usage`."""
    if raw.endswith(_NO_USAGE_YET):
        return raw[: -len(_NO_USAGE_YET)] + b"}"
    return without(raw, "usage")

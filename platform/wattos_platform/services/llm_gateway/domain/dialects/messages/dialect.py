"""The Dialect of POST /v1/messages, and what writes its streams."""

from collections.abc import Mapping
from typing import Any

import msgspec

from wattos_platform.kernel.sse import event
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.dialects.dialect import NO_MEMBERS
from wattos_platform.services.llm_gateway.domain.dialects.head import Head, head_of
from wattos_platform.services.llm_gateway.domain.dialects.messages.content import Content, Event
from wattos_platform.services.llm_gateway.domain.dialects.messages.request import parse_messages
from wattos_platform.services.llm_gateway.domain.dialects.messages.shape import message_of, stop_of, usage_of
from wattos_platform.services.llm_gateway.domain.dialects.pieces import Piece, first_choice, pieces_of
from wattos_platform.services.llm_gateway.domain.dialects.streamed_answer import StreamedAnswer
from wattos_platform.services.llm_gateway.domain.tokens import estimated_usage
from wattos_platform.services.llm_gateway.domain.wire import Usage

_NAMES = {
    "max_completion_tokens": "max_tokens",
    "stop": "stop_sequences",
    "response_format": "output_config.format",
    "reasoning_effort": "output_config.effort",
    "user": "metadata.user_id",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
}
_NOT_STOPPED: Mapping[str, None] = {"stop_reason": None, "stop_sequence": None}
_encode = msgspec.json.Encoder().encode


class MessagesDialect:
    """Speaks Anthropic's Messages."""

    name = "messages"

    def parse(self, body: Any, _raw: bytes = b"") -> ChatRequest:
        """Return `body` as a chat request; Refusal that names the wrong field."""
        return parse_messages(body)

    def named(self, param: str) -> str:
        """Return what this dialect calls a field of the chat request; messages are not numbered alike."""
        name = param.partition("[")[0].partition(".")[0]
        return name if name == "messages" else _NAMES.get(name, param)

    def answer(self, answer: ChatAnswer, request: ChatRequest) -> bytes:
        """Return the answer as a message object."""
        body = answer.body()
        head, choice, content = head_of(body), first_choice(body), _content(request)
        head.cite(request, answer.text)
        for piece in pieces_of(choice):
            content.write(piece)
        content.end()
        stop = stop_of(choice, request.asked, content.blocks, content.refusal)
        usage = answer.usage or estimated_usage(request, answer.text)
        return _encode(message_of(head, content.blocks, stop, usage))

    def outlet(self, request: ChatRequest) -> "MessagesOutlet":
        """Return what writes one stream."""
        return MessagesOutlet(request)


class MessagesOutlet:
    """Writes one streamed message, from `message_start` to `message_stop`.

    Nothing is counted before the end, so the usage stands in `message_delta`, where SDKs take it from.
    """

    def __init__(self, request: ChatRequest) -> None:
        self._asked = request.asked
        self._streamed = StreamedAnswer(request)
        self._content = _content(request)

    def chunk(self, chunk: Chunk) -> bytes:
        """Return the events of what the chunk says; before the first, those that begin the message."""
        begins = self._streamed.head is None
        pieces = self._streamed.hear(chunk)
        return (self._begun() if begins else b"") + self._said(pieces)

    def end(self, usage: Usage, members: Mapping[str, Any] = NO_MEMBERS) -> bytes:
        """Return the events that finish the open block and the message."""
        said = self._said(self._streamed.rest()) + _written(self._content.end())
        stop = stop_of(self._streamed.last, self._asked, self._content.blocks, self._content.refusal)
        extras = self._streamed.cite().extras
        delta = {"type": "message_delta", "delta": stop, "usage": usage_of(usage), **extras, **members}
        return said + _written([delta, {"type": "message_stop"}])

    def failure(self, message: str) -> bytes:
        """Return the error event at which Anthropic's SDKs raise."""
        details = {"error_code": "upstream_truncated"}
        error = {"type": "api_error", "message": message, "details": details}
        return self._said(self._streamed.rest()) + _written([{"type": "error", "error": error}])

    def _begun(self) -> bytes:
        head = self._streamed.head or head_of({})
        bare = Head(head.bare_id, head.created, head.model)
        start = {"type": "message_start", "message": message_of(bare, [], _NOT_STOPPED, None)}
        return _written([start, {"type": "ping"}])

    def _said(self, pieces: list[Piece]) -> bytes:
        return b"".join([_written(self._content.write(piece)) for piece in pieces])


def _content(request: ChatRequest) -> Content:
    """Return the content of an answer; thinking is shown to who asked for it."""
    thinking = request.asked.get("thinking") or {}
    wanted = thinking.get("type", "disabled") != "disabled" and thinking.get("display") != "omitted"
    return Content(thinking=wanted)


def _written(events: list[Event]) -> bytes:
    return b"".join([event(_encode(told), event=told["type"]) for told in events])

"""The Dialect of POST /v1/responses, and what writes its streams."""

from collections.abc import Mapping
from typing import Any

import msgspec

from wattos_platform.kernel.sse import event
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.dialects.dialect import NO_MEMBERS
from wattos_platform.services.llm_gateway.domain.dialects.head import Head, head_of
from wattos_platform.services.llm_gateway.domain.dialects.pieces import Piece, first_choice, pieces_of
from wattos_platform.services.llm_gateway.domain.dialects.responses.output import Event, Output
from wattos_platform.services.llm_gateway.domain.dialects.responses.request import parse_responses
from wattos_platform.services.llm_gateway.domain.dialects.responses.shape import (
    IN_PROGRESS,
    Ending,
    ending_of,
    failed,
    response_of,
)
from wattos_platform.services.llm_gateway.domain.dialects.streamed_answer import StreamedAnswer
from wattos_platform.services.llm_gateway.domain.tokens import estimated_usage
from wattos_platform.services.llm_gateway.domain.wire import Usage

_NAMES = {
    "messages": "input",
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
    "reasoning_effort": "reasoning.effort",
    "logprobs": "include",
}
_encode = msgspec.json.Encoder().encode


class ResponsesDialect:
    """Speaks OpenAI's Responses."""

    name = "responses"

    def parse(self, body: Any, _raw: bytes = b"") -> ChatRequest:
        """Return `body` as a chat request; Refusal that names the wrong field."""
        return parse_responses(body)

    def named(self, param: str) -> str:
        """Return what this dialect calls a field of the chat request."""
        return _NAMES.get(param.partition("[")[0].partition(".")[0], param)

    def answer(self, answer: ChatAnswer, request: ChatRequest) -> bytes:
        """Return the answer as a response object."""
        body = answer.body()
        head, choice = head_of(body), first_choice(body)
        head.cite(request, answer.text)
        ending = ending_of(str(choice.get("finish_reason") or ""))
        output = Output(head.bare_id)
        for piece in pieces_of(choice):
            output.write(piece)
        output.close(ending.status)
        usage = answer.usage or estimated_usage(request, answer.text)
        return _encode(response_of(head, request.asked, ending, output.items, usage))

    def outlet(self, request: ChatRequest) -> "ResponsesOutlet":
        """Return what writes one stream."""
        return ResponsesOutlet(request)


class ResponsesOutlet:
    """Writes one streamed response: numbered events, from `response.created` to the one that ends it."""

    def __init__(self, request: ChatRequest) -> None:
        self._asked = request.asked
        self._streamed = StreamedAnswer(request)
        self._output = Output("")
        self._sent = 0

    def chunk(self, chunk: Chunk) -> bytes:
        """Return the events of what the chunk says; before the first, those that begin the response."""
        begins = self._streamed.head is None
        pieces = self._streamed.hear(chunk)
        begun = b""
        if begins:
            self._output = Output(self._head().bare_id)
            begun = self._state("response.created", IN_PROGRESS)
            begun += self._state("response.in_progress", IN_PROGRESS)
        return begun + self._said(pieces)

    def end(self, usage: Usage, members: Mapping[str, Any] = NO_MEMBERS) -> bytes:
        """Return the events that finish the open item and the response, complete or not."""
        ending = ending_of(str(self._streamed.last.get("finish_reason")))
        said = self._said(self._streamed.rest()) + self._written(self._output.close(ending.status))
        self._streamed.cite().extras.update(members)
        return said + self._state(f"response.{ending.status}", ending, usage)

    def failure(self, message: str) -> bytes:
        """Return `response.failed`, and the error at which OpenAI's SDKs raise."""
        said = self._said(self._streamed.rest()) + self._written(self._output.close("incomplete"))
        told = {"message": message, "type": "server_error", "param": None, "code": "upstream_truncated"}
        error = {"type": "error", "code": told["code"], "message": message, "param": None, "error": told}
        return said + self._state("response.failed", failed(message)) + self._written([error])

    def _head(self) -> Head:
        return self._streamed.head or head_of({})

    def _said(self, pieces: list[Piece]) -> bytes:
        return b"".join([self._written(self._output.write(piece)) for piece in pieces])

    def _state(self, kind: str, ending: Ending, usage: Usage | None = None) -> bytes:
        response = response_of(self._head(), self._asked, ending, self._output.items, usage)
        return self._written([{"type": kind, "response": response}])

    def _written(self, events: list[Event]) -> bytes:
        written = b""
        for told in events:
            numbered = {"type": told["type"], "sequence_number": self._sent, **told}
            written += event(_encode(numbered), event=told["type"])
            self._sent += 1
        return written

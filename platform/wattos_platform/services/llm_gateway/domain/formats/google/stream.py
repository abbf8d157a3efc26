"""Gemini's stream as chunks: each event is an answer that holds what is new."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import Chunk
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded
from wattos_platform.services.llm_gateway.domain.formats.google.answer import (
    Candidate,
    Counted,
    Reply,
    finish_reason,
    refusal,
    said,
)

_replies = msgspec.json.Decoder(Reply)


class GoogleStream:
    """Implements StreamReader; `told` makes the failure of an error inside the stream.

    The API marks no end of its own: the answer is over with its finish reason, in whose event the usage is.
    """

    def __init__(
        self, provider: str, model: str, stamps: shapes.Stamps, told: Callable[[Any], ProviderFailure]
    ) -> None:
        self._provider = provider
        self._model = model
        self._stamps = stamps
        self._told = told
        self._head: shapes.Head | None = None
        self._calls = 0
        self._counted: Counted | None = None
        self.ended = False

    def read(self, data: bytes, event: str) -> Sequence[Chunk]:  # noqa: ARG002 - all events have one type
        """Return the chunks that one event means."""
        if self.ended or not data:
            return ()
        reply = decoded(_replies, data, self._provider, "an event")
        if reply.error:
            raise self._told(reply.error)
        self._counted = reply.usage_metadata or self._counted
        chunks: list[Chunk] = []
        head = self._head
        if head is None:
            head = self._head = self._stamps.head(reply.model_version or self._model, reply.response_id or "")
            chunks.append(head.chunk({"role": "assistant", "content": ""}))
        blocked = refusal(reply.prompt_feedback)
        if blocked is not None:
            return [*chunks, *self._end(head, {"refusal": blocked}, "content_filter")]
        for candidate in reply.candidates or ():
            if not candidate.index:
                chunks += self._piece(head, candidate)
        return chunks

    def _piece(self, head: shapes.Head, candidate: Candidate) -> list[Chunk]:
        new = said(candidate, self._stamps, first_call=self._calls)
        self._calls += len(new.calls)
        told = {"reasoning_content": new.thoughts, "content": new.text, "tool_calls": new.calls}
        chunks = [head.chunk({name: value}) for name, value in told.items() if value]
        if candidate.finish_reason is None:
            return chunks
        reason = finish_reason(self._provider, candidate.finish_reason, called=bool(self._calls))
        return chunks + self._end(head, {}, reason)

    def _end(self, head: shapes.Head, delta: dict[str, Any], reason: str) -> list[Chunk]:
        self.ended = True
        usage = self._counted.usage() if self._counted else None
        return [head.chunk(delta, reason), *([head.usage(usage)] if usage else [])]

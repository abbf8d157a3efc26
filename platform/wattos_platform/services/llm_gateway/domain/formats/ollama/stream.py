"""Ollama's stream as chunks: each line is an answer that holds what is new."""

from collections.abc import Sequence

from wattos_platform.services.llm_gateway.domain.answers import Chunk
from wattos_platform.services.llm_gateway.domain.failures import nonsense
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded
from wattos_platform.services.llm_gateway.domain.formats.ollama.answer import (
    Message,
    Reply,
    calls_of,
    finish_reason,
    logprobs_of,
    replies,
)


class OllamaStream:
    """Implements StreamReader for lines of JSON, the last of which says `done`."""

    def __init__(self, provider: str, model: str, stamps: shapes.Stamps) -> None:
        self._provider = provider
        self._model = model
        self._stamps = stamps
        self._head: shapes.Head | None = None
        self._calls = 0
        self.ended = False

    def read(self, data: bytes, event: str) -> Sequence[Chunk]:  # noqa: ARG002 - lines have no type
        """Return the chunks that one line means."""
        if self.ended or not data.strip():
            return ()
        reply = decoded(replies, data, self._provider, "a line")
        if reply.error:
            raise nonsense(self._provider, "an error inside its stream")
        if reply.message is None and not reply.done:
            raise nonsense(self._provider, "a line without a message")
        chunks: list[Chunk] = []
        if self._head is None:
            self._head = reply.head(self._model, self._stamps)
            chunks.append(self._head.chunk({"role": "assistant", "content": ""}))
        chunks += self._said(self._head, reply)
        if not reply.done:
            return chunks
        self.ended = True
        chunks.append(self._head.chunk({}, finish_reason(reply.done_reason, called=self._calls > 0)))
        usage = reply.usage()
        return [*chunks, self._head.usage(usage)] if usage else chunks

    def _said(self, head: shapes.Head, reply: Reply) -> list[Chunk]:
        message = reply.message or Message()
        calls = calls_of(message, self._stamps, self._calls)
        self._calls += len(calls)
        told = {"reasoning_content": message.thinking, "content": message.content, "tool_calls": calls}
        chunks = [{name: value} for name, value in told.items() if value]
        # Probabilities are told once: with the last of what they may belong to.
        last = len(chunks) - 1
        return [
            head.chunk(delta, logprobs=logprobs_of(reply) if at == last else None)
            for at, delta in enumerate(chunks)
        ]

"""Anthropic's events as chunks. Source: "Streaming messages" of its API reference."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import Chunk
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure, nonsense
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.formats.anthropic.answer import (
    Block,
    Counted,
    StopDetails,
    finish_reason,
    thinking_block,
)
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded


class _Start(msgspec.Struct):
    id: str = ""
    model: str = ""
    usage: Counted | None = None


class _Delta(msgspec.Struct):
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Start | None = None
    content_block: Block | None = None
    delta: _Delta | None = None
    usage: Counted | None = None
    error: Any = None


class _Open(msgspec.Struct):
    """A block that is being told: its number among the tool calls, -1 for other types."""

    block: Block
    call: int = -1
    has_arguments: bool = False
    thoughts: list[str] = []


_events = msgspec.json.Decoder(_Event)


class AnthropicStream:
    """Implements StreamReader; `told` makes the failure of an error inside the stream."""

    def __init__(
        self, provider: str, model: str, stamps: shapes.Stamps, told: Callable[[Any], ProviderFailure]
    ) -> None:
        self._provider = provider
        self._model = model
        self._stamps = stamps
        self._told = told
        self._head: shapes.Head | None = None
        self._open: dict[int, _Open] = {}
        self._calls = 0
        self._counted = Counted()
        self._handlers: Mapping[str, Callable[[_Event], Sequence[Chunk]]] = {
            "message_start": self._start,
            "content_block_start": self._begin,
            "content_block_delta": self._more,
            "content_block_stop": self._close,
            "message_delta": self._end,
            "message_stop": self._stop,
        }
        self.ended = False

    def read(self, data: bytes, event: str) -> Sequence[Chunk]:  # noqa: ARG002 - the type stands in the data, too
        """Return the chunks that one event means; pings and events of the future mean none."""
        if self.ended or not data:
            return ()
        found = decoded(_events, data, self._provider, "an event")
        if found.type == "error":
            raise self._told(found.error)
        handler = self._handlers.get(found.type)
        return handler(found) if handler else ()

    def _stop(self, _found: _Event) -> Sequence[Chunk]:
        self.ended = True
        return ()

    def _start(self, found: _Event) -> Sequence[Chunk]:
        message = found.message or _Start()
        self._head = self._stamps.head(message.model or self._model, message.id)
        self._counted = message.usage or self._counted
        return (self._chunk({"role": "assistant", "content": ""}),)

    def _begin(self, found: _Event) -> Sequence[Chunk]:
        block = found.content_block
        if block is None:
            raise nonsense(self._provider, "a block without content")
        told = self._open[found.index] = _Open(block)
        if block.type == "text" and block.text:
            return (self._chunk({"content": block.text}),)
        if block.type != "tool_use":
            return ()
        told.call, self._calls = self._calls, self._calls + 1
        # The arguments come in pieces; only what a whole object at the start holds is all there is.
        told.has_arguments = bool(block.input)
        arguments = block.input or ""
        return (
            self._chunk({"tool_calls": [shapes.tool_call(block.id, block.name, arguments, index=told.call)]}),
        )

    def _more(self, found: _Event) -> Sequence[Chunk]:
        delta, told = found.delta, self._open.get(found.index)
        if delta is None or told is None:
            raise nonsense(self._provider, "a piece of no block")
        if delta.text:
            return (self._chunk({"content": delta.text}),)
        if delta.thinking:
            told.thoughts.append(delta.thinking)
            return (self._chunk({"reasoning_content": delta.thinking}),)
        told.block.signature += delta.signature
        if not delta.partial_json or told.call < 0:
            return ()
        told.has_arguments = True
        return (self._arguments(told.call, delta.partial_json),)

    def _close(self, found: _Event) -> Sequence[Chunk]:
        told = self._open.pop(found.index, None)
        if told is None:
            return ()
        if told.call >= 0 and not told.has_arguments:
            return (self._arguments(told.call, "{}"),)
        if told.block.type in ("thinking", "redacted_thinking"):
            told.block.thinking = "".join((told.block.thinking, *told.thoughts))
            return (self._chunk({"thinking_blocks": [thinking_block(told.block)]}),)
        return ()

    def _end(self, found: _Event) -> Sequence[Chunk]:
        if found.usage is not None:
            self._counted = self._counted.updated(found.usage)
        if found.delta is None or found.delta.stop_reason is None:
            return ()
        details = found.delta.stop_details
        delta = {"refusal": details.explanation} if details and details.explanation else {}
        reason, sequence = finish_reason(found.delta.stop_reason), found.delta.stop_sequence
        ended = {} if sequence is None else {"stop_reason": sequence}
        chunks = [self._started().chunk(delta, reason, **ended)]
        usage = self._counted.usage()
        if usage is not None:
            chunks.append(self._started().usage(usage))
        return chunks

    def _arguments(self, call: int, text: str) -> Chunk:
        return self._chunk({"tool_calls": [{"index": call, "function": {"arguments": text}}]})

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> Chunk:
        return self._started().chunk(delta, reason)

    def _started(self) -> shapes.Head:
        if self._head is None:
            raise nonsense(self._provider, "an event before the start of its message")
        return self._head

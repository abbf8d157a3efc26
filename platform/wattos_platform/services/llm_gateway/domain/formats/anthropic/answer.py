"""Anthropic's message as an OpenAI chat completion: what the blocks, the usage and the end mean."""

from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.wire import Usage

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class Block(msgspec.Struct):
    """One block of the content. Fields of the types that mean something here; other types are passed over."""

    type: str
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: Any = None


class CacheCreation(msgspec.Struct):
    """How long what was written to the cache is kept."""

    ephemeral_1h_input_tokens: int | None = None


class ThinkingDetails(msgspec.Struct):
    """The part of the output that was thinking."""

    thinking_tokens: int | None = None


class Counted(msgspec.Struct):
    """The usage; in a stream its figures grow, and what was told before may be missing."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens_details: ThinkingDetails | None = None

    def usage(self) -> Usage | None:
        """Return the tokens as OpenAI counts them: the prompt includes what the cache held."""
        cached, written = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        prompt = (self.input_tokens or 0) + cached + written
        if not prompt and not self.output_tokens:
            return None
        details, written_for = self.output_tokens_details, self.cache_creation
        return Usage(
            prompt,
            self.output_tokens or 0,
            cached,
            (details.thinking_tokens or 0) if details else 0,
            cache_write=written,
            cache_write_1h=(written_for.ephemeral_1h_input_tokens or 0) if written_for else 0,
        )

    def updated(self, later: "Counted") -> "Counted":
        """Return the figures with those that `later` tells."""
        told = {name: value for name, value in msgspec.structs.asdict(later).items() if value is not None}
        return msgspec.structs.replace(self, **told)


class StopDetails(msgspec.Struct):
    """Why the model refused."""

    explanation: str | None = None


class Reply(msgspec.Struct):
    """A whole message, or an error in its place."""

    content: list[Block] | None = None
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: Counted | None = None
    type: str = "message"
    error: Any = None


def finish_reason(stop_reason: str | None) -> str:
    """Return OpenAI's word for why an answer ended; a reason that is not known yet is an end like others."""
    return FINISH_REASONS.get(stop_reason or "", "stop")


def message_of(reply: Reply) -> dict[str, Any]:
    """Return the message; thinking is kept with its signature, so that it can be sent back."""
    blocks = reply.content or ()
    texts = [block.text for block in blocks if block.type == "text"]
    thoughts = [block for block in blocks if block.type in ("thinking", "redacted_thinking")]
    calls = [
        shapes.tool_call(block.id, block.name, {} if block.input is None else block.input)
        for block in blocks
        if block.type == "tool_use"
    ]
    extra = {"thinking_blocks": [thinking_block(block) for block in thoughts]} if thoughts else {}
    return shapes.message(
        "".join(texts),
        tool_calls=calls,
        reasoning="".join(block.thinking for block in thoughts),
        refusal=reply.stop_details.explanation if reply.stop_details else None,
        **extra,
    )


def thinking_block(block: Block) -> dict[str, Any]:
    """Return a thinking block as the API wants it back in the next turn."""
    if block.type == "redacted_thinking":
        return {"type": block.type, "data": block.data}
    return {"type": block.type, "thinking": block.thinking, "signature": block.signature}

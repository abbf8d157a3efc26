"""The content of a message: blocks made of pieces, one open at a time, and the events that tell of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.dialects.ordering import is_complete
from wattos_platform.services.llm_gateway.domain.dialects.pieces import Kind, Piece

Event = dict[str, Any]
# Under this name stand arguments that are no JSON object, so that they are seen and not lost.
_AS_TEXT = "arguments"


class Content:
    """Writes pieces into `blocks`. `thinking` says whether the caller wants to see what the model thought."""

    def __init__(self, *, thinking: bool) -> None:
        self._thinking = thinking
        self._lane: tuple[str, str] | None = None
        self._open: dict[str, Any] = {}
        self._said: list[str] = []
        self.blocks: list[dict[str, Any]] = []

    def write(self, piece: Piece) -> list[Event]:
        """Return the events of `piece`: it goes on with the open block or begins the next."""
        if piece.kind is Kind.REASONING and not self._thinking:
            return []
        told: list[Event] = []
        # What a model refuses to say is text here; the stop reason tells that it refused.
        kind = "tool_use" if piece.kind is Kind.CALL else _KINDS[piece.kind]
        if (kind, piece.call) != self._lane:
            told += self.close()
            self._lane, self._open, self._said = (kind, piece.call), self._begin(kind, piece), []
            told.append(self._event("start", content_block=self._open))
        self._said.append(piece.text)
        if piece.text:
            name, member = _DELTAS[kind]
            told.append(self._event("delta", delta={"type": name, member: piece.text}))
        return told

    def close(self) -> list[Event]:
        """Return the event that ends the open block, if there is one."""
        if self._lane is None:
            return []
        text, kind = "".join(self._said), self._lane[0]
        finished: dict[str, Any] = {"input": _arguments(text)} if kind == "tool_use" else {kind: text}
        told = self._event("stop")
        self.blocks.append({**self._open, **finished})
        self._lane = None
        return [told]

    def _begin(self, kind: str, piece: Piece) -> dict[str, Any]:
        if kind == "text":
            return {"type": kind, "text": ""}
        if kind == "thinking":
            return {"type": kind, "thinking": "", "signature": ""}
        call_id = piece.call_id or f"toolu_{len(self.blocks)}"
        return {"type": kind, "id": call_id, "name": piece.name, "input": {}}

    def _event(self, what: str, **members: Any) -> Event:
        return {"type": f"content_block_{what}", "index": len(self.blocks), **members}


_KINDS: Mapping[Kind, str] = {Kind.TEXT: "text", Kind.REFUSAL: "text", Kind.REASONING: "thinking"}
_DELTAS: Mapping[str, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


def _arguments(text: str) -> dict[str, Any]:
    if is_complete(text):
        found: dict[str, Any] = msgspec.json.decode(text)
        return found
    return {_AS_TEXT: text} if text.strip() else {}

"""The content of a message: blocks made of pieces, one open at a time, and the events that tell of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.dialects.ordering import is_complete
from wattos_platform.services.llm_gateway.domain.dialects.pieces import Kind, Piece

Event = dict[str, Any]
_THINKING = "thinking"
_REDACTED = "redacted_thinking"
# Under this name stand arguments that are no JSON object, so that they are seen and not lost.
_AS_TEXT = "arguments"


class Content:
    """Writes pieces into `blocks`.

    `thinking` says whether the caller asked to see what the model thought. A thought that is signed is shown
    in any case: its provider wants it back in the next turn.
    """

    def __init__(self, *, thinking: bool) -> None:
        self._thinking = thinking
        self._lane: tuple[str, str] | None = None
        self._open: dict[str, Any] = {}
        self._said: list[str] = []
        self._unseen: list[str] = []
        self._refusal: list[str] = []
        self.blocks: list[dict[str, Any]] = []

    def write(self, piece: Piece) -> list[Event]:
        """Return the events of `piece`: it goes on with the open block or begins the next."""
        if piece.kind is Kind.SIGNATURE:
            return self._sign(piece.text)
        if piece.kind is Kind.REASONING and not self._thinking:
            self._unseen.append(piece.text)
            return []
        self._unseen = []
        if piece.kind is Kind.REFUSAL:
            self._refusal.append(piece.text)
            return []
        return self._add(_KINDS[piece.kind], piece)

    def _add(self, kind: str, piece: Piece) -> list[Event]:
        told: list[Event] = []
        if (kind, piece.call) != self._lane or kind == _REDACTED:
            told += self.close()
            self._lane, self._open, self._said = (kind, piece.call), self._begin(kind, piece), []
            told.append(self._event("start", content_block=self._open))
        self._said.append(piece.text)
        if piece.text and kind in _DELTAS:
            name, member = _DELTAS[kind]
            told.append(self._event("delta", delta={"type": name, member: piece.text}))
        return told

    def _sign(self, signature: str) -> list[Event]:
        """Sign the open thought, or the one that was not shown so far, and end it."""
        told: list[Event] = []
        if self._lane != (_THINKING, ""):
            told += self._add(_THINKING, Piece(Kind.REASONING, "".join(self._unseen)))
            self._unseen = []
        told.append(self._event("delta", delta={"type": "signature_delta", "signature": signature}))
        self._open = {**self._open, "signature": signature}
        return told + self.close()

    @property
    def refusal(self) -> str:
        """Return what the model said when it refused, "" if it did not."""
        return "".join(self._refusal)

    def end(self) -> list[Event]:
        """Return the events that end the content; a model that only refused has refused in a text."""
        told = self.close()
        if self._refusal and not self.blocks:
            told += self._add("text", Piece(Kind.TEXT, self.refusal)) + self.close()
        return told

    def close(self) -> list[Event]:
        """Return the event that ends the open block, if there is one."""
        if self._lane is None:
            return []
        text, kind = "".join(self._said), self._lane[0]
        finished: dict[str, Any] = {"input": _arguments(text)} if kind == "tool_use" else {kind: text}
        told = self._event("stop")
        self.blocks.append(self._open if kind == _REDACTED else {**self._open, **finished})
        self._lane = None
        return [told]

    def _begin(self, kind: str, piece: Piece) -> dict[str, Any]:
        if kind == "text":
            return {"type": kind, "text": ""}
        if kind == _THINKING:
            return {"type": kind, "thinking": "", "signature": ""}
        if kind == _REDACTED:
            return {"type": kind, "data": piece.text}
        call_id = piece.call_id or f"toolu_{len(self.blocks)}"
        return {"type": kind, "id": call_id, "name": piece.name, "input": {}}

    def _event(self, what: str, **members: Any) -> Event:
        return {"type": f"content_block_{what}", "index": len(self.blocks), **members}


_KINDS: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.REASONING: _THINKING,
    Kind.REDACTED: _REDACTED,
    Kind.CALL: "tool_use",
}
_DELTAS: Mapping[str, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    _THINKING: ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


def _arguments(text: str) -> dict[str, Any]:
    if is_complete(text):
        found: dict[str, Any] = msgspec.json.decode(text)
        return found
    return {_AS_TEXT: text} if text.strip() else {}

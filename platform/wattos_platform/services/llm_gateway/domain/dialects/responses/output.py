"""The output of a response: items made of pieces, one open at a time, and the events that tell of them."""

from collections.abc import Mapping
from typing import Any, Protocol

from wattos_platform.services.llm_gateway.domain.dialects.pieces import Kind, Piece

Event = dict[str, Any]


class Item(Protocol):
    """One output item while it is being written.

    `body` is what it has become so far. A change makes it anew: events that are not yet encoded hold the
    earlier one.
    """

    body: dict[str, Any]

    def takes(self, piece: Piece, /) -> bool:
        """Return whether `piece` belongs to this item."""

    def opening(self) -> list[Event]:
        """Return what follows the event that adds the item."""

    def add(self, piece: Piece, /) -> list[Event]:
        """Write `piece` and return its events."""

    def closing(self) -> list[Event]:
        """Finish the item and return what comes before the event that says so."""


class Output:
    """Writes pieces into `items`; the events bear no sequence number yet."""

    def __init__(self, bare_id: str) -> None:
        self._bare_id = bare_id
        self._open: Item | None = None
        self.items: list[dict[str, Any]] = []

    def write(self, piece: Piece) -> list[Event]:
        """Return the events of `piece`: it goes on with the open item or begins the next."""
        told: list[Event] = []
        if piece.kind in _UNTOLD:
            return told
        if self._open is None or not self._open.takes(piece):
            told += self.close()
            self._open = self._begin(piece)
            told.append(_item_event("added", self._open.body, len(self.items)))
            told += [{**event, **self._place()} for event in self._open.opening()]
        return told + [{**event, **self._place()} for event in self._open.add(piece)]

    def close(self, status: str = "completed") -> list[Event]:
        """Return the events that end the open item, if there is one."""
        if self._open is None:
            return []
        told = [{**event, **self._place()} for event in self._open.closing()]
        body = self._open.body
        if "status" in body:
            body = {**body, "status": status}
        told.append(_item_event("done", body, len(self.items)))
        self.items.append(body)
        self._open = None
        return told

    def _place(self) -> dict[str, Any]:
        item_id = "" if self._open is None else self._open.body["id"]
        return {"item_id": item_id, "output_index": len(self.items)}

    def _begin(self, piece: Piece) -> Item:
        suffix = f"{self._bare_id}_{len(self.items)}"
        if piece.kind is Kind.REASONING:
            return ReasoningItem(suffix)
        return CallItem(suffix, piece) if piece.kind is Kind.CALL else MessageItem(suffix)


class MessageItem:
    """What the assistant says: text, and what it refuses to say as a part of its own."""

    def __init__(self, suffix: str) -> None:
        self.body: dict[str, Any] = {
            "id": f"msg_{suffix}",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        self._kind: Kind | None = None
        self._said: list[str] = []
        self._logprobs: list[Any] = []

    def takes(self, piece: Piece) -> bool:
        """Return whether `piece` is text or a refusal."""
        return piece.kind in (Kind.TEXT, Kind.REFUSAL)

    def opening(self) -> list[Event]:
        """Return nothing: parts come with what is said."""
        return []

    def add(self, piece: Piece) -> list[Event]:
        """Add to the open part, or begin one."""
        told: list[Event] = []
        if piece.kind is not self._kind:
            told += self.closing()
            self._kind, self._said, self._logprobs = piece.kind, [], []
            told.append({**self._part("added", ""), "content_index": len(self.body["content"])})
        self._said.append(piece.text)
        self._logprobs += piece.logprobs
        return [*told, self._told("delta", {"delta": piece.text}, piece.logprobs)]

    def closing(self) -> list[Event]:
        """Finish the open part."""
        if self._kind is None:
            return []
        text = "".join(self._said)
        done = self._told("done", {_FIELDS[self._kind]: text}, self._logprobs)
        part = {**self._part("done", text), "content_index": len(self.body["content"])}
        self.body = {**self.body, "content": [*self.body["content"], part["part"]]}
        self._kind = None
        return [done, part]

    def _part(self, what: str, text: str) -> Event:
        if self._kind is Kind.REFUSAL:
            part: dict[str, Any] = {"type": "refusal", "refusal": text}
        else:
            part = {"type": "output_text", "text": text, "annotations": [], "logprobs": list(self._logprobs)}
        return {"type": f"response.content_part.{what}", "part": part}

    def _told(self, what: str, said: Mapping[str, str], logprobs: Any) -> Event:
        name = "refusal" if self._kind is Kind.REFUSAL else "output_text"
        more = {} if self._kind is Kind.REFUSAL else {"logprobs": list(logprobs)}
        place = {"content_index": len(self.body["content"])}
        return {"type": f"response.{name}.{what}", **place, **said, **more}


class CallItem:
    """A function that the model wants to be called."""

    def __init__(self, suffix: str, first: Piece) -> None:
        self.body: dict[str, Any] = {
            "id": f"fc_{suffix}",
            "type": "function_call",
            "status": "in_progress",
            "call_id": first.call_id or f"call_{suffix}",
            "name": first.name,
            "arguments": "",
        }
        self._call = first.call
        self._arguments: list[str] = []

    def takes(self, piece: Piece) -> bool:
        """Return whether `piece` is of the same call."""
        return piece.kind is Kind.CALL and piece.call == self._call

    def opening(self) -> list[Event]:
        """Return nothing: the item itself says all."""
        return []

    def add(self, piece: Piece) -> list[Event]:
        """Add to the arguments."""
        self._arguments.append(piece.text)
        return [{"type": "response.function_call_arguments.delta", "delta": piece.text}] if piece.text else []

    def closing(self) -> list[Event]:
        """Finish the arguments."""
        self.body = {**self.body, "arguments": "".join(self._arguments)}
        done = {"type": "response.function_call_arguments.done", "name": self.body["name"]}
        return [{**done, "arguments": self.body["arguments"]}]


class ReasoningItem:
    """What the model thought, as far as its provider tells."""

    def __init__(self, suffix: str) -> None:
        self.body: dict[str, Any] = {"id": f"rs_{suffix}", "type": "reasoning", "summary": []}
        self._said: list[str] = []

    def takes(self, piece: Piece) -> bool:
        """Return whether `piece` is reasoning, too."""
        return piece.kind is Kind.REASONING

    def opening(self) -> list[Event]:
        """Begin the one part of the summary."""
        return [{"type": "response.reasoning_summary_part.added", "summary_index": 0, "part": _summary("")}]

    def add(self, piece: Piece) -> list[Event]:
        """Add to the summary."""
        self._said.append(piece.text)
        delta = {"type": "response.reasoning_summary_text.delta", "summary_index": 0}
        return [{**delta, "delta": piece.text}]

    def closing(self) -> list[Event]:
        """Finish the summary."""
        text = "".join(self._said)
        self.body = {**self.body, "summary": [_summary(text)]}
        return [
            {"type": "response.reasoning_summary_text.done", "summary_index": 0, "text": text},
            {"type": "response.reasoning_summary_part.done", "summary_index": 0, "part": _summary(text)},
        ]


# What lets a provider know its thoughts again has no place in a response.
_UNTOLD = frozenset({Kind.SIGNATURE, Kind.REDACTED})
_FIELDS = {Kind.TEXT: "text", Kind.REFUSAL: "refusal"}


def _summary(text: str) -> dict[str, str]:
    return {"type": "summary_text", "text": text}


def _item_event(what: str, body: Mapping[str, Any], index: int) -> Event:
    return {"type": f"response.output_item.{what}", "output_index": index, "item": body}

"""Pieces one thing after another, however a stream mixes them."""

from collections.abc import Iterator

import msgspec

from wattos_platform.services.llm_gateway.domain.dialects.pieces import Kind, Piece


def is_complete(arguments: str) -> bool:
    """Return whether the arguments of a tool call are a whole JSON object."""
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        return isinstance(msgspec.json.decode(arguments), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


class InOrder:
    """Puts what a stream mixes in order: a tool call that has begun is finished before anything else comes.

    Providers may send the arguments of two calls in turns; who reads content blocks or output items expects
    one after the other. What must wait is held back until the call is whole, or until `rest`.
    """

    def __init__(self) -> None:
        self._lane: tuple[Kind, str] | None = None
        self._arguments = ""
        self._finished: set[str] = set()
        self._waiting: list[Piece] = []

    def take(self, piece: Piece) -> Iterator[Piece]:
        """Yield what may be said now that `piece` has come."""
        if (piece.kind, piece.call) == self._lane or (not self._waiting and self._may_leave()):
            yield from self._say(piece)
        else:
            self._waiting.append(piece)
        while self._waiting and self._may_leave():
            yield from self._next_lane()

    def rest(self) -> Iterator[Piece]:
        """Yield what still waited when the stream ended."""
        while self._waiting:
            yield from self._next_lane()

    def _next_lane(self) -> Iterator[Piece]:
        lane = (self._waiting[0].kind, self._waiting[0].call)
        here = [piece for piece in self._waiting if (piece.kind, piece.call) == lane]
        self._waiting = [piece for piece in self._waiting if (piece.kind, piece.call) != lane]
        for piece in here:
            yield from self._say(piece)

    def _say(self, piece: Piece) -> Iterator[Piece]:
        lane = (piece.kind, piece.call)
        if lane != self._lane:
            if piece.kind is Kind.CALL and piece.call in self._finished:
                return  # blanks behind arguments that were whole
            if self._lane is not None and self._lane[0] is Kind.CALL:
                self._finished.add(self._lane[1])
            self._lane, self._arguments = lane, ""
        if piece.kind is Kind.CALL:
            self._arguments += piece.text
        yield piece

    def _may_leave(self) -> bool:
        return self._lane is None or self._lane[0] is not Kind.CALL or is_complete(self._arguments)

"""One streamed answer, as far as it has been heard: what every outlet that translates must know of it."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.llm_gateway.domain.answers import Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.dialects.head import Head, head_of
from wattos_platform.services.llm_gateway.domain.dialects.ordering import InOrder
from wattos_platform.services.llm_gateway.domain.dialects.pieces import Kind, Piece, first_choice, pieces_of
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure

# An answer that is told again at its end must be held until then.
MAX_HELD_BYTES = 32_000_000


class StreamedAnswer:
    """Hears chunks, says pieces in order. `head` is None before the first, `last` the choice that ended."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._order = InOrder()
        self._texts: list[str] = []
        self._heard_bytes = 0
        self.head: Head | None = None
        self.last: Mapping[str, Any] = {}

    def hear(self, chunk: Chunk) -> list[Piece]:
        """Return what can be said now that `chunk` has come; ProviderFailure when there is no end to it."""
        self._heard_bytes += len(chunk.raw)
        if self._heard_bytes > MAX_HELD_BYTES:
            raise ProviderFailure("truncated", f"The answer is longer than {MAX_HELD_BYTES} bytes.")
        body = chunk.body()
        if self.head is None:
            self.head = head_of(body)
        self.head.note(body)
        choice = first_choice(body)
        if choice.get("finish_reason"):
            self.last = choice
        return [self._noted(piece) for heard in pieces_of(choice) for piece in self._order.take(heard)]

    def rest(self) -> list[Piece]:
        """Return what still waits when no more chunks come."""
        return [self._noted(piece) for piece in self._order.rest()]

    def cite(self) -> Head:
        """Return the head with the citations of the whole answer."""
        head = self.head or head_of({})
        head.cite(self._request, "".join(self._texts))
        return head

    def _noted(self, piece: Piece) -> Piece:
        if piece.kind is Kind.TEXT and self._request.passages:
            self._texts.append(piece.text)
        return piece

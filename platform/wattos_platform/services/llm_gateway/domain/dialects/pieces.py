"""What a chat answer says, piece by piece: the same for a chunk of a stream and for a whole answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain import context_prompt
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest

CITATIONS = "wattos_citations"
_OWN_PREFIX = "wattos_"
# Not OpenAI's, but what every provider of reasoning text calls it in this shape.
_REASONING = ("reasoning_content", "reasoning")


class Kind(StrEnum):
    """What a piece is part of."""

    REASONING = "reasoning"
    TEXT = "text"
    REFUSAL = "refusal"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of an answer; of a tool call, some of its arguments.

    `call` tells the calls of one answer apart; `call_id` and `name` stand in the first piece of each.
    """

    kind: Kind
    text: str
    call: str = ""
    call_id: str = ""
    name: str = ""
    logprobs: Sequence[Any] = ()


@dataclass(slots=True)
class Head:
    """What stands above an answer: an id without its prefix, seconds since 1970, the provider's model.

    `extras` are the platform's own members (`wattos_...`), wherever in a stream they came.
    """

    bare_id: str
    created: int
    model: str
    extras: dict[str, Any] = field(default_factory=dict)

    def note(self, body: Mapping[str, Any]) -> None:
        """Keep the platform's own members of `body`, a chunk or an answer."""
        self.extras.update({name: body[name] for name in body if name.startswith(_OWN_PREFIX)})

    def cite(self, request: ChatRequest, text: str) -> None:
        """Add the citations in `text` where passages were given and the provider has cited none itself."""
        if request.passages and CITATIONS not in self.extras:
            self.extras[CITATIONS] = context_prompt.citations(text, request.passages)


def head_of(body: Mapping[str, Any]) -> Head:
    """Return the head of an answer or of the first chunk of a stream."""
    given, created = body.get("id"), body.get("created")
    bare = given.rpartition("chatcmpl-")[2] if isinstance(given, str) else ""
    head = Head(
        bare or "0", int(created) if isinstance(created, (int, float)) else 0, str(body.get("model") or "")
    )
    head.note(body)
    return head


def first_choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first choice of an answer or chunk; empty where there is none."""
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return choices[0]
    return {}


def pieces_of(choice: Mapping[str, Any]) -> list[Piece]:
    """Return what a choice says, a whole one or a chunk's: reasoning first, tool calls last."""
    said = choice.get("delta") or choice.get("message")
    if not isinstance(said, Mapping):
        return []
    found = [Piece(Kind.REASONING, text) for text in _texts(said, *_REASONING)]
    found += [Piece(Kind.TEXT, text, logprobs=_logprobs(choice)) for text in _texts(said, "content")]
    found += [Piece(Kind.REFUSAL, text) for text in _texts(said, "refusal")]
    return [*found, *_calls(said.get("tool_calls"))]


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


def _texts(said: Mapping[str, Any], *names: str) -> list[str]:
    """Return the first text that is there under one of `names`, as a list of one or none."""
    for name in names:
        value = said.get(name)
        if isinstance(value, str) and value:
            return [value]
    return []


def _logprobs(choice: Mapping[str, Any]) -> Sequence[Any]:
    given = choice.get("logprobs")
    content = given.get("content") if isinstance(given, Mapping) else None
    return content if isinstance(content, list) else ()


def _calls(given: Any) -> Iterator[Piece]:
    for number, call in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(call, Mapping):
            continue
        function = call.get("function")
        function = function if isinstance(function, Mapping) else {}
        call_id, index = str(call.get("id") or ""), call.get("index")
        # OpenAI's streams number their calls; who does not number them sends each in one piece.
        which = f"#{index}" if isinstance(index, int) else call_id or f"#{number}"
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else ""
        yield Piece(Kind.CALL, text, which, call_id, str(function.get("name") or ""))

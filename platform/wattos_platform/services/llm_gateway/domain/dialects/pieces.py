"""What a chat answer says, piece by piece: the same for a chunk of a stream and for a whole answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wattos_platform.services.llm_gateway.domain.wire import choices_of

# Not OpenAI's, but what every provider of reasoning text calls it in this shape.
_REASONING = ("reasoning_content", "reasoning")


class Kind(StrEnum):
    """What a piece is part of."""

    REASONING = "reasoning"
    SIGNATURE = "signature"
    REDACTED = "redacted"
    TEXT = "text"
    REFUSAL = "refusal"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of an answer; of a tool call, some of its arguments.

    A signature ends the thought before it: with it a provider knows the thought again as its own in the next
    turn. What is redacted is a thought that only the provider can read.
    `call` tells the calls of one answer apart; `call_id` and `name` stand in the first piece of each.
    """

    kind: Kind
    text: str
    call: str = ""
    call_id: str = ""
    name: str = ""
    logprobs: Sequence[Any] = ()


def first_choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first choice of an answer or chunk; empty where there is none."""
    return next(iter(choices_of(body)), {})


def pieces_of(choice: Mapping[str, Any]) -> list[Piece]:
    """Return what a choice says, a whole one or a chunk's: reasoning first, tool calls last."""
    said = choice.get("delta") or choice.get("message")
    if not isinstance(said, Mapping):
        return []
    found = _thoughts(said, whole="delta" not in choice)
    found += [Piece(Kind.TEXT, text, logprobs=_logprobs(choice)) for text in _texts(said, "content")]
    found += [Piece(Kind.REFUSAL, text) for text in _texts(said, "refusal")]
    return [*found, *_calls(said.get("tool_calls"))]


def _thoughts(said: Mapping[str, Any], *, whole: bool) -> list[Piece]:
    """Return what was thought; in a stream the text of a block has come before the block itself."""
    given = said.get("thinking_blocks")
    blocks = [block for block in given if isinstance(block, Mapping)] if isinstance(given, list) else []
    texts = _texts(said, *_REASONING)
    found = [] if blocks else [Piece(Kind.REASONING, text) for text in texts]
    for block in blocks:
        if whole or texts:
            found += [Piece(Kind.REASONING, text) for text in _texts(block, "thinking")]
        found += [Piece(Kind.SIGNATURE, text) for text in _texts(block, "signature")]
        found += [Piece(Kind.REDACTED, text) for text in _texts(block, "data")]
    return found


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

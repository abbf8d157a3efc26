"""What the simulator answers: the same for the same request and behaviour, with counts that are exact."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wattos_platform.services.simulator.domain.behaviour import Behaviour, Finish
from wattos_platform.services.simulator.domain.json_instance import instance_of
from wattos_platform.services.simulator.domain.requests import GenerationRequest, Tool
from wattos_platform.services.simulator.domain.words import words

_PIECE_CHARS = 6
_NO_LIMIT = 1 << 31


@dataclass(frozen=True, slots=True)
class Tokens:
    """The true counts of an answer; what is billed as output is `answer` + `reasoning`.

    `cached` is a part of `prompt`, `hidden` the part of `reasoning` that no caller sees.
    """

    prompt: int = 0
    cached: int = 0
    answer: int = 0
    reasoning: int = 0
    hidden: int = 0

    @property
    def output(self) -> int:
        """Return all tokens that the model made."""
        return self.answer + self.reasoning


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; `pieces` are its arguments as text, cut for a stream."""

    name: str
    arguments: Mapping[str, Any]
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, token by token; `tells_usage` is False for a provider that keeps its counts to itself."""

    tokens: Tokens
    finish: Finish
    text: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    call: ToolCall | None = None
    tells_usage: bool = True

    @property
    def content(self) -> str:
        """Return the whole text."""
        return "".join(self.text)

    @property
    def thoughts(self) -> str:
        """Return the whole visible reasoning."""
        return "".join(self.thinking)


def compose(asked: GenerationRequest, behaviour: Behaviour) -> Answer:
    """Return the answer: a tool call, a JSON document or plain words, cut at the caller's limit."""
    reasoning = behaviour.reasoning_tokens if asked.thinks else 0
    limit = _NO_LIMIT if asked.max_tokens is None else asked.max_tokens
    reasoning = min(reasoning, limit)
    tool = _called(asked, behaviour)
    kind, wanted = _wanted(asked, behaviour, tool)
    given = wanted[: limit - reasoning]
    finish: Finish = "length" if len(given) < len(wanted) else ("tool_calls" if kind == "call" else "stop")
    tokens = Tokens(
        prompt=asked.prompt_tokens,
        cached=min(behaviour.cached_tokens, asked.prompt_tokens),
        answer=len(given),
        reasoning=reasoning,
        hidden=0 if asked.shows_thinking else reasoning,
    )
    return Answer(
        tokens,
        behaviour.finish_reason or finish,
        text=given if kind == "text" else (),
        thinking=words(f"thinking of {asked.question}", reasoning) if asked.shows_thinking else (),
        call=ToolCall(tool.name, instance_of(tool.schema), given) if tool is not None else None,
        tells_usage=behaviour.usage == "always",
    )


def _wanted(
    asked: GenerationRequest, behaviour: Behaviour, tool: Tool | None
) -> tuple[Literal["call", "text"], tuple[str, ...]]:
    if tool is not None:
        return "call", _pieces(instance_of(tool.schema))
    if asked.schema is not None:
        fallback = {"answer": "".join(words(asked.question, behaviour.answer_tokens))}
        return "text", _pieces(instance_of(asked.schema) if asked.schema else fallback)
    return "text", words(asked.question, behaviour.answer_tokens)


def _called(asked: GenerationRequest, behaviour: Behaviour) -> Tool | None:
    """Return the tool that is called: the one the caller insists on, else the one the behaviour names."""
    name = asked.must_call or (behaviour.tool_call if asked.may_call else None)
    if not name or not asked.tools:
        return None
    if name == "*":
        name = behaviour.tool_call or "first"
    if name == "first":
        return asked.tools[0]
    return next((tool for tool in asked.tools if tool.name == name), None)


def _pieces(document: Any) -> tuple[str, ...]:
    """Return JSON text in pieces, two at least, each of which counts as one token."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    size = min(_PIECE_CHARS, max(1, len(text) // 2))
    return tuple(text[start : start + size] for start in range(0, len(text), size))

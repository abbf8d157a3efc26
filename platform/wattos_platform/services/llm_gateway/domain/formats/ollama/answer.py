"""Ollama's answers, whole and in pieces, as chat completions: they have one shape."""

from datetime import datetime
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.wire import Usage


class Function(msgspec.Struct):
    """The function that is called, its arguments as an object."""

    name: str
    arguments: dict[str, Any] | None = None


class Call(msgspec.Struct):
    """A call; `id` only from newer versions."""

    function: Function
    id: str = ""


class Message(msgspec.Struct):
    """What is said, or what a piece of the stream adds to it."""

    content: str = ""
    thinking: str = ""
    tool_calls: list[Call] | None = None


class Reply(msgspec.Struct):
    """A whole answer, or one line of a stream."""

    model: str = ""
    created_at: str = ""
    message: Message | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    logprobs: list[dict[str, Any]] | None = None
    error: Any = None

    def usage(self) -> Usage | None:
        """Return the tokens, None unless both counts are there: half a figure would be taken for a whole.

        Two zeros are no count.
        """
        prompt, completion = self.prompt_eval_count, self.eval_count
        if prompt is None or completion is None or not (prompt or completion):
            return None
        return Usage(prompt, completion)

    def head(self, model: str, stamps: shapes.Stamps) -> shapes.Head:
        """Return the head of this answer: Ollama tells a time, but no id."""
        return stamps.head(self.model or model, created=_seconds(self.created_at))


replies = msgspec.json.Decoder(Reply)


def calls_of(message: Message, stamps: shapes.Stamps, first: int | None = None) -> list[dict[str, Any]]:
    """Return the tool calls of `message`; `first` is the number of the first one in a stream."""
    return [
        shapes.tool_call(
            call.id or f"call_{stamps.new_id()}",
            call.function.name,
            call.function.arguments or {},
            index=None if first is None else first + at,
        )
        for at, call in enumerate(message.tool_calls or ())
    ]


def finish_reason(reason: str | None, *, called: bool) -> str:
    """Return OpenAI's word for an end: only `length` is another one than a stop."""
    if reason == "length":
        return "length"
    return "tool_calls" if called else "stop"


def logprobs_of(reply: Reply) -> dict[str, Any] | None:
    """Return the probabilities in OpenAI's shape, which wants alternatives and bytes named."""
    if not reply.logprobs:
        return None
    return {"content": [_probability(entry) for entry in reply.logprobs], "refusal": None}


def _probability(entry: dict[str, Any]) -> dict[str, Any]:
    others = entry.get("top_logprobs")
    others = [other for other in others if isinstance(other, dict)] if isinstance(others, list) else []
    return {"bytes": None, **entry, "top_logprobs": [{"bytes": None, **other} for other in others]}


def _seconds(time: str) -> int | None:
    try:
        return int(datetime.fromisoformat(time).timestamp()) if time else None
    except ValueError:
        return None

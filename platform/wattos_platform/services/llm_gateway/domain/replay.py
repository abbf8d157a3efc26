"""A whole answer told again as a stream."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk, chunk_of

_MADE_HERE = frozenset({"object", "choices", "usage"})


def replayed(answer: ChatAnswer) -> Sequence[Chunk]:
    """Return the chunks of a stream that says what `answer` says: role, content, end, usage.

    What the provider added to the answer beside OpenAI's members comes with the last choice.
    """
    body = answer.body()
    head = (str(body.get("id") or ""), int(body.get("created") or 0), str(body.get("model") or ""))
    choices = [choice for choice in body["choices"] if isinstance(choice, Mapping)]
    chunks = [_chunk(head, choice, {"role": "assistant"}) for choice in choices]
    chunks += [_chunk(head, choice, _delta(choice)) for choice in choices]
    chunks += [_chunk(head, choice, {}, choice.get("finish_reason")) for choice in choices]
    if chunks:
        extra = {name: value for name, value in body.items() if name not in {*_MADE_HERE, *chunks[-1]}}
        chunks[-1] |= extra
    if answer.usage is not None:
        chunks.append(wire.usage_chunk(*head, answer.usage))
    return [chunk_of(chunk) for chunk in chunks]


def _chunk(
    head: tuple[str, int, str],
    choice: Mapping[str, Any],
    delta: Mapping[str, Any],
    finish_reason: str | None = None,
) -> dict[str, Any]:
    chunk = wire.chunk(*head, delta, finish_reason)
    chunk["choices"][0]["index"] = choice.get("index", 0)
    if finish_reason is not None and "stop_reason" in choice:
        chunk["choices"][0]["stop_reason"] = choice["stop_reason"]
    return chunk


def _delta(choice: Mapping[str, Any]) -> dict[str, Any]:
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return {}
    delta = {name: value for name, value in message.items() if name != "role" and value is not None}
    if calls := delta.get("tool_calls"):
        delta["tool_calls"] = [{"index": number, **call} for number, call in enumerate(calls)]
    return delta
